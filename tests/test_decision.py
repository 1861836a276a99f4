"""The decision: headers and the record, without any text of prompt or answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from prompt_policy.decision import Decision, Outcome
from prompt_policy.wire import MISSING, Change

TEXT = Change("messages", MISSING, MISSING)


def decision(*changes: Change, **keys: Any) -> Decision:
    return Decision("p", "0123456789ab", "chat", "m", [Outcome("rule", "clamp", "fired", changes=changes, **keys)])


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


def test_what_was_changed_and_changed_back_is_not_told() -> None:
    assert "x-prompt-policy-changed" not in decision(Change("a", 1, 2), Change("a", 2, 1)).headers()


def test_policy_and_rules_are_in_the_headers() -> None:
    headers = decision(Change("a", 1, 2)).headers()
    assert headers["x-prompt-policy"] == "p@0123456789ab"
    assert headers["x-prompt-policy-applied"] == "rule"


def test_header_values_cannot_be_injected_and_are_bounded() -> None:
    hostile = [Change(f"a\r\nset-cookie: x,{n}é", 1, 2) for n in range(500)]
    value = decision(*hostile).headers()["x-prompt-policy-changed"]
    assert "\r" not in value
    assert "\n" not in value
    assert " " not in value
    assert value.isascii()
    assert len(value) <= 1024 + 4


def test_the_record_is_one_line_of_json_without_text() -> None:
    made = decision(Change("messages", MISSING, MISSING), Change("stop", "secret", None))
    made.outcomes.append(Outcome("other", "reject", "skipped", reason="tools"))
    made.outcomes.append(Outcome("idle", "reject", "idle"))
    line = made.record()
    assert "\n" not in line
    assert "secret" not in line
    record = json.loads(line)
    assert record["applied"] == ["rule"]
    assert [rule["rule"] for rule in record["rules"]] == ["rule", "other"]


@pytest.mark.parametrize(
    ("task", "told"), [("math", "math"), ("legal-2", "legal-2"), ("a secret plan", "-"), ("密", "-"), ("x" * 65, "-")]
)
def test_a_callers_word_for_the_task_is_told_where_it_is_a_name(task: str, told: str) -> None:
    made = decision()
    made.task = task
    assert json.loads(made.record())["task"] == made.told_task == told


def test_a_long_model_name_is_cut_in_the_record() -> None:
    made = decision()
    made.model = "m" * 1_000_000
    assert len(made.record()) < 1000
