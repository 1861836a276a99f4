"""What the cases of a policy leave untested."""

from __future__ import annotations

from typing import Any

from prompt_policy.authoring.coverage import find_coverage_gaps, split_condition
from prompt_policy.conditions.when import When
from prompt_policy.testing import run_policy
from tests.support.policies import chat, policy_of

SUFFIX = {"name": "s", "kind": "append_suffix", "text": "A", "when": {"task": "math"}}
CLAMP = {
    "name": "clamp",
    "kind": "clamp",
    "parameters": {"temperature": {"max": 0.7}},
    "when": {"any": [{"stream": True}, {"has_tools": True}]},
}


def make_case(*messages: Any, **keys: Any) -> dict[str, Any]:
    return {"name": "c", "request": chat(*messages, **keys), "expect": {}}


def list_gaps(rule: dict[str, Any], *cases: dict[str, Any]) -> list[str]:
    return list(find_coverage_gaps(run_policy(policy_of(rule, tests=list(cases)))))


def test_a_rule_must_fire_and_its_condition_hold_and_fail() -> None:
    assert list_gaps(SUFFIX, make_case("Hi")) == [
        "no case fires rule 's'",
        "rule 's': when.task holds in no case",
    ]
    assert list_gaps(SUFFIX, make_case("Solve 2x + 5 = 17."), make_case("Hi")) == []


def test_earlier_turns_count_for_rules_that_evaluate_turns() -> None:
    assert list_gaps(SUFFIX, make_case("Solve 2x + 5 = 17.", ("assistant", "6"), "Thanks!"), make_case("Hi")) == []


def test_each_alternative_must_hold_and_fail() -> None:
    streamed = make_case("Hi", stream=True, temperature=1)
    gaps = list_gaps(CLAMP, streamed, make_case("Hi"))
    assert gaps == ["rule 'clamp': when.any[1].has_tools holds in no case"]


def test_a_condition_is_split_into_its_smallest_parts() -> None:
    when = When.model_validate({
        "parameters": {"a": 1, "b": {"gt": 2}},
        "not": {"stream": True, "all": [{"language": "en"}]},
        "metadata": {"tier": 1},
    })  # fmt: skip
    assert [path for path, _part in split_condition(when, "when")] == [
        "when.parameters.a",
        "when.parameters.b",
        "when.metadata.tier",
        "when.not.stream",
        "when.not.all[0].language",
    ]
