"""Telling what was done to a request."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider

from prompt_policy import Pipeline, UsageError
from prompt_policy.runtime.report import Reporter, reporter_of, sample_of
from tests.support import chat, policy_of

COOL = {"kind": "clamp", "name": "cool", "parameters": {"temperature": {"max": 0.7}}}
NO = {"kind": "reject", "name": "no", "message": "no", "when": {"has_tools": True}}
PIPELINE = Pipeline(policy_of(COOL, NO))


def logged(caplog: pytest.LogCaptureFixture, sample: float, times: int, **keys: Any) -> int:
    with caplog.at_level(logging.INFO, "prompt_policy.decision"):
        for _ in range(times):
            Reporter(sample).report(PIPELINE.apply(chat("Hi", **keys), "chat"))
    return len(caplog.records)


def test_a_decision_is_one_line_of_json(caplog: pytest.LogCaptureFixture) -> None:
    assert logged(caplog, 1, 1, temperature=1.3) == 1
    told = json.loads(caplog.records[0].getMessage())
    assert (told["policy"], told["applied"]) == ("test", ["cool"])


def test_a_share_of_the_decisions_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    assert 300 < logged(caplog, 0.5, 1000) < 700


def test_refusals_are_always_logged(caplog: pytest.LogCaptureFixture) -> None:
    assert logged(caplog, 0, 3) == 0
    assert logged(caplog, 0, 3, tools=[{}]) == 3


@pytest.mark.parametrize(("value", "share"), [("0.25", 0.25), (1, 1), (0, 0), ("1", 1)])
def test_shares(value: object, share: float) -> None:
    assert sample_of(value, "x") == share


@pytest.mark.parametrize("value", ["", "a", "-1", 2, None, True, "nan", [1]])
def test_what_is_no_share_is_a_mistake(value: object) -> None:
    with pytest.raises(UsageError, match="x: expected a share from 0 to 1"):
        sample_of(value, "x")


def test_the_environment_gives_the_share() -> None:
    assert reporter_of({"PROMPT_POLICY_LOG_SAMPLE": "0.5"}).sample == 0.5
    assert reporter_of({}).sample == 1


@pytest.mark.parametrize(("keys", "refused"), [({"temperature": 1.3}, False), ({"tools": [{}]}, True)])
def test_the_active_span_is_told(keys: dict[str, Any], refused: bool) -> None:
    tracer = TracerProvider().get_tracer("test")
    with tracer.start_as_current_span("request") as span:
        Reporter().report(PIPELINE.apply(chat("secret words", **keys), "chat"))
    attributes = dict(getattr(span, "attributes", {}))
    assert attributes == {
        "prompt_policy.policy": "test",
        "prompt_policy.hash": PIPELINE.hash,
        "prompt_policy.applied": () if refused else ("cool",),
        "prompt_policy.refused": refused,
    }
