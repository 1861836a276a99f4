"""The linter's check that rules and engine options do not go beyond their sources."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy.policy.lint.source_support import find_unsupported_rules
from prompt_policy.policy.source import Source
from tests.support.policies import policy_of


def clamp(**bounds: Any) -> dict[str, Any]:
    return {"name": "r", "kind": "clamp", "parameters": {"temperature": bounds}}


def build_source(**keys: Any) -> Source:
    return Source.model_validate({"url": "https://example.org", "read": "2026-12-01", "says": "so", **keys})


def find_messages(rule: dict[str, Any], *sources: dict[str, Any]) -> list[str]:
    found = find_unsupported_rules(policy_of(rule), {"r": [build_source(**keys) for keys in sources]})
    return [finding.message for finding in found]


FOLD = {"name": "r", "kind": "fold_system"}
REJECT = {"name": "r", "kind": "reject", "message": "no"}


@pytest.mark.parametrize(
    ("rule", "sources", "message"),
    [
        (clamp(default=0.6), [], "has no source"),
        (clamp(default=0.6), [{"strength": "example"}], "supported by examples only"),
        (FOLD, [{"strength": "example"}], "supported by examples only"),
        (clamp(default=0.6), [{"strength": "evaluation"}], "add `profile: evaluation`"),
        ({**FOLD, "profile": "careful"}, [{"strength": "evaluation"}], "add `profile: evaluation`"),
        (clamp(max=0.7), [{}], "temperature is bounded"),
        (clamp(min=0.5, max=0.7), [{"finds": [0.5]}], "temperature is bounded"),
        (clamp(value=0.6), [{"finds": [0.6]}], "temperature has a fixed value"),
        (clamp(drop=True), [{}], "temperature is removed"),
        (clamp(default=0.6), [{"finds": ["temperature", 0.7]}], "temperature: 0.6 is in no source's `finds`"),
        (clamp(value=0.6), [{"strength": "must", "finds": [0.7]}], "temperature: 0.6 is in no source's `finds`"),
        (REJECT, [{}], "no source has the strength must"),
    ],
)
def test_a_rule_beyond_its_sources_is_reported(
    rule: dict[str, Any], sources: list[dict[str, Any]], message: str
) -> None:
    [found] = find_messages(rule, *sources)
    assert message in found


@pytest.mark.parametrize(
    ("rule", "sources"),
    [
        (clamp(default=0.6), [{}]),
        (clamp(default=0.6), [{"finds": ["temperature", 0.6]}]),
        (clamp(default=1), [{"finds": [1.0]}]),
        (clamp(default=0.6), [{"strength": "example"}, {"finds": [0.6]}]),
        (clamp(min=0.5, max=0.7), [{"finds": [0.5, 0.7]}]),
        (clamp(min=0.5), [{"finds": [0.5]}]),
        (clamp(value=0.6), [{"strength": "must", "finds": [0.6]}]),
        (clamp(drop=True), [{"strength": "must"}]),
        ({**clamp(value=0.6), "profile": "evaluation"}, [{"strength": "must"}]),
        ({**FOLD, "profile": "evaluation"}, [{"strength": "evaluation"}]),
        (FOLD, [{}]),
        (REJECT, [{"strength": "must"}]),
    ],
)
def test_a_rule_within_its_sources_has_no_finding(rule: dict[str, Any], sources: list[dict[str, Any]]) -> None:
    assert find_messages(rule, *sources) == []


@pytest.mark.parametrize(
    ("finds", "missing"),
    [
        ([], []),
        (["reasoning-parser", "qwen3", 131072], []),
        (["reasoning-parser", "Qwen3"], ["max_model_len"]),
        ([131072], ["reasoning_parser"]),
    ],
)
def test_engine_options_are_in_their_sources(finds: list[str | int], missing: list[str]) -> None:
    policy = policy_of(FOLD, engine={"reasoning_parser": "qwen3", "max_model_len": 131072, "enforce_eager": True})
    found = list(find_unsupported_rules(policy, {"engine": [build_source(finds=finds)], "r": [build_source()]}))
    assert [finding.message.split(":")[0] for finding in found] == [f"engine.{name}" for name in missing]
