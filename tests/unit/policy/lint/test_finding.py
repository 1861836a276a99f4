"""A finding of the linter, and what its checks have in common."""

from __future__ import annotations

from prompt_policy.conditions.when import When
from prompt_policy.policy.lint.finding import is_active, list_conditions
from tests.support.policies import policy_of

FOLD = {"kind": "fold_system"}


def test_a_rule_is_active_unless_it_or_its_policy_is_off() -> None:
    active = [FOLD, {**FOLD, "mode": "audit"}, {**FOLD, "mode": "off"}]
    assert [is_active(policy_of(rule), policy_of(rule).rules[0]) for rule in active] == [True, True, False]
    whole = policy_of({**FOLD, "name": "a"}, {**FOLD, "name": "b", "mode": "enforce"}, mode="off")
    assert [is_active(whole, rule) for rule in whole.rules] == [False, True]


def test_every_nested_condition_is_listed() -> None:
    when = When.model_validate({"task": "a", "any": [{"task": "b"}, {"all": [{"task": "c"}]}], "not": {"task": "d"}})
    assert [found.task for found in list_conditions(when)] == [("a",), ("b",), None, ("c",), ("d",)]
    assert list(list_conditions(None)) == []
