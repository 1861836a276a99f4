"""What the cases of a policy leave out."""

from __future__ import annotations

from typing import Any

from prompt_policy.conditions.when import When
from prompt_policy.testing import run_policy
from prompt_policy.workshop.coverage import parts_of, unreached
from tests.support import chat, policy_of

SUFFIX = {"name": "s", "kind": "append_suffix", "text": "A", "when": {"task": "math"}}
COOL = {
    "name": "cool",
    "kind": "clamp",
    "parameters": {"temperature": {"max": 0.7}},
    "when": {"any": [{"stream": True}, {"has_tools": True}]},
}


def case(*messages: Any, **keys: Any) -> dict[str, Any]:
    return {"name": "c", "request": chat(*messages, **keys), "expect": {}}


def left_out(rule: dict[str, Any], *cases: dict[str, Any]) -> list[str]:
    return list(unreached(run_policy(policy_of(rule, tests=list(cases)))))


def test_a_rule_and_both_sides_of_its_condition() -> None:
    assert left_out(SUFFIX, case("Hi")) == [
        "no case fires rule 's'",
        "rule 's': when.task holds in no case",
    ]
    assert left_out(SUFFIX, case("Solve 2x + 5 = 17."), case("Hi")) == []


def test_an_earlier_turn_counts_where_turns_are_judged() -> None:
    assert left_out(SUFFIX, case("Solve 2x + 5 = 17.", ("assistant", "6"), "Thanks!"), case("Hi")) == []


def test_each_alternative_must_hold_and_fail() -> None:
    streamed = case("Hi", stream=True, temperature=1)
    assert left_out(COOL, streamed, case("Hi")) == ["rule 'cool': when.any[1].has_tools holds in no case"]


def test_the_smallest_parts_of_a_condition() -> None:
    when = When.model_validate({
        "parameters": {"a": 1, "b": {"gt": 2}},
        "not": {"stream": True, "all": [{"language": "en"}]},
        "metadata": {"tier": 1},
    })  # fmt: skip
    assert [path for path, _part in parts_of(when, "when")] == [
        "when.parameters.a",
        "when.parameters.b",
        "when.metadata.tier",
        "when.not.stream",
        "when.not.all[0].language",
    ]
