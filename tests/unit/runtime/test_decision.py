"""The decision: headers and the record, without any text of prompt or answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from prompt_policy.runtime.decision import Decision, RuleOutcome
from prompt_policy.wire import MISSING, Change

TEXT = Change("messages", MISSING, MISSING)


def decision(*changes: Change, **keys: Any) -> Decision:
    return Decision("p", "0123456789ab", "chat", "m", [RuleOutcome("rule", "clamp", "fired", changes=changes, **keys)])


@pytest.mark.parametrize(
    ("changes", "header"),
    [
        ([Change("temperature", 1.3, 0.7)], "temperature=1.3>0.7"),
        ([Change("top_p", MISSING, 0.95)], "top_p=unset>0.95"),
        ([Change("top_k", 5, MISSING)], "top_k=5>unset"),
        ([Change("x", None, True)], "x=null>true"),
        ([Change("messages", MISSING, MISSING)], "messages"),
        ([Change("reasoning_effort", "high", "low")], "reasoning_effort"),
        ([Change("stop", ["secret"], MISSING)], "stop"),
        ([Change("temperature", 1.3, 0.7), Change("temperature", 0.7, 0.6)], "temperature=1.3>0.6"),
        ([Change("a", 1, 2), TEXT, TEXT], "a=1>2,messages"),
    ],
)  # fmt: skip
def test_changes_show_numbers_and_booleans_only(changes: list[Change], header: str) -> None:
    assert decision(*changes).headers()["x-prompt-policy-changed"] == header


def test_reverted_change_is_not_in_headers() -> None:
    assert "x-prompt-policy-changed" not in decision(Change("a", 1, 2), Change("a", 2, 1)).headers()


def test_policy_and_rules_are_in_headers() -> None:
    headers = decision(Change("a", 1, 2)).headers()
    assert headers["x-prompt-policy"] == "p@0123456789ab"
    assert headers["x-prompt-policy-applied"] == "rule"


def test_header_values_are_visible_ascii_and_bounded() -> None:
    hostile = [Change(f"a\r\nset-cookie: x,{n}é", 1, 2) for n in range(500)]
    value = decision(*hostile).headers()["x-prompt-policy-changed"]
    assert "\r" not in value
    assert "\n" not in value
    assert " " not in value
    assert value.isascii()
    assert len(value) <= 1024 + 4


def test_record_is_one_json_line_without_text() -> None:
    result = decision(Change("messages", MISSING, MISSING), Change("stop", "secret", None))
    result.outcomes.append(RuleOutcome("other", "reject", "skipped", reason="tools"))
    result.outcomes.append(RuleOutcome("idle", "reject", "idle"))
    line = result.record()
    assert "\n" not in line
    assert "secret" not in line
    record = json.loads(line)
    assert record["applied"] == ["rule"]
    assert [rule["rule"] for rule in record["rules"]] == ["rule", "other"]


@pytest.mark.parametrize(
    ("task", "loggable"),
    [("math", "math"), ("legal-2", "legal-2"), ("a secret plan", "-"), ("密", "-"), ("x" * 65, "-")],
)
def test_task_is_logged_only_if_it_is_a_name(task: str, loggable: str) -> None:
    result = decision()
    result.task = task
    assert json.loads(result.record())["task"] == result.loggable_task == loggable


def test_long_model_name_is_truncated_in_the_record() -> None:
    result = decision()
    result.model = "m" * 1_000_000
    assert len(result.record()) < 1000
