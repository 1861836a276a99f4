"""Contradictions between parameters and between rules, and the order of changes."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy.kinds.parameters.bounds import Bounds
from prompt_policy.kinds.parameters.conflicts import check_parameters, find_conflicts, order_parameters


def bounds(**parameters: dict[str, Any]) -> dict[str, Bounds]:
    return {name.replace("__", "."): Bounds.model_validate(keys) for name, keys in parameters.items()}


@pytest.mark.parametrize(
    "parameters",
    [
        {"a": {"value": 3}, "a__b": {"value": 1}},
        {"a": {"value": {"c": 1}}, "a__b": {"value": 1}},
        {"a": {"drop": True}, "a__b": {"max": 1}},
        {"a__b": {"max": 1}, "a": {"max": 1}},
        {"a": {"default": 3}, "a__b__c": {"max": 1}},
        {"a__b": {"drop": True}, "a__b__c": {"value": 1}},
        {"a": {"append": ["x"]}, "a__b": {"value": 1}},
        {"a": {"rename": "c"}, "a__b": {"value": 1}},
        {"a": {"rename": "a.b"}},
        {"a__b": {"rename": "a"}},
        {"a": {"value": 1}, "c": {"rename": "a.b"}},
    ],
)
def test_a_parameter_inside_one_that_is_replaced_is_an_error(parameters: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="is inside"):
        check_parameters(bounds(**parameters))


@pytest.mark.parametrize(
    "parameters",
    [
        {"a": {"default": {"b": 1}}, "a__b": {"max": 5}},
        {"a__b": {"value": 1}, "a__c": {"value": 2}},
        {"a": {"value": 1}, "ab": {"value": 2}},
        {"a": {"value": 1}, "ab__c": {"value": 2}},
        {"a__b": {"value": 1}, "a__bc": {"drop": True}},
    ],
)
def test_separate_parameters_are_valid(parameters: dict[str, Any]) -> None:
    checked = bounds(**parameters)
    assert check_parameters(checked) is checked


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ({"max": 0.5}, {"min": 0.7}),
        ({"min": 0.7}, {"max": 0.5}),
        ({"max": 0.5}, {"value": 0.7}),
        ({"value": 0.7}, {"max": 0.5}),
        ({"max": 0.5}, {"default": 0.7}),
        ({"value": 0.7}, {"value": 0.5}),
        ({"value": "hot"}, {"max": 0.5}),
        ({"default": "hot"}, {"max": 0.5}),
        ({"drop": True}, {"value": 1}),
        ({"drop": True}, {"default": 1}),
        ({"value": 1}, {"drop": True}),
        ({"default": 1}, {"drop": True}),
        ({"value": "low"}, {"value": "high"}),
        ({"max": 0.5}, {"value": "hot"}),
        ({"max": 0.5}, {"default": "hot"}),
        ({"append": ["x"]}, {"remove": ["x"]}),
        ({"remove": ["x"]}, {"append": ["x"]}),
        ({"append": ["x"]}, {"drop": True}),
        ({"drop": True}, {"append": ["x"]}),
        ({"append": ["x"]}, {"value": ["y"]}),
        ({"value": ["y"]}, {"append": ["x"]}),
        ({"remove": ["x"]}, {"value": ["x", "y"]}),
        ({"remove": ["x"]}, {"default": "x"}),
        ({"default": "x"}, {"remove": ["x"]}),
        ({"append": ["x"]}, {"max": 1}),
        ({"value": 5}, {"append": ["x"]}),
        ({"max_of": "b"}, {"min": 1}),
        ({"max_of": "b"}, {"default": 1}),
        ({"max_of": "b"}, {"value": 1}),
        ({"min": 1}, {"max_of": "b"}),
        ({"value": 1}, {"max_of": "b"}),
    ],
)
def test_rules_that_undo_each_other_are_found(earlier: dict[str, Any], later: dict[str, Any]) -> None:
    conflict, *_ = find_conflicts(bounds(a=earlier), bounds(a=later))
    assert conflict.startswith("a ")


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ({"max": 0.5}, {"min": 0.5}),
        ({"max": 0.7}, {"max": 0.5}),
        ({"max": 0.5}, {"max": 0.7}),
        ({"min": 0.1}, {"max": 0.9}),
        ({"max": 0.7}, {"value": 0.6}),
        ({"max": 0.7}, {"default": 0.7}),
        ({"default": 0.9}, {"max": 0.5}),
        ({"default": 0.9}, {"default": 0.5}),
        ({"value": 0.6}, {"value": 0.6}),
        ({"value": 0.6}, {"default": 0.9}),
        ({"value": "low"}, {"default": "high"}),
        ({"drop": True}, {"max": 1}),
        ({"max": 1}, {"drop": True}),
        ({"drop": True}, {"drop": True}),
        ({"append": ["x"]}, {"append": ["y"]}),
        ({"append": ["x"]}, {"append": ["x"]}),
        ({"remove": ["x"]}, {"drop": True}),
        ({"remove": ["x"]}, {"remove": ["y"]}),
        ({"append": ["x"]}, {"value": ["y", "x"]}),
        ({"value": ["x"]}, {"append": ["x"]}),
        ({"append": ["x"]}, {"default": ["y"]}),
        ({"default": ["x", "y"]}, {"remove": ["x"]}),
        ({"max": 5}, {"max_of": "b"}),
        ({"max_of": "b"}, {"max": 5}),
        ({"default": 5}, {"max_of": "b"}),
        ({"max_of": "b"}, {"max_of": "c", "minus": 1}),
    ],
)
def test_rules_that_agree_have_no_conflict(earlier: dict[str, Any], later: dict[str, Any]) -> None:
    assert list(find_conflicts(bounds(a=earlier), bounds(a=later))) == []


def test_token_limits_are_compared_under_every_name() -> None:
    assert list(find_conflicts(bounds(max_tokens={"max": 9}), bounds(max_output_tokens={"min": 10})))
    assert not list(find_conflicts(bounds(max_tokens={"max": 9}), bounds(min_tokens={"min": 10})))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"a": {"rename": "a"}}, "renamed to itself"),
        ({"a": {"rename": "b"}, "b": {"rename": "a"}}, "depend on each other in a circle"),
        (
            {"a": {"rename": "b"}, "b": {"rename": "c"}, "c": {"rename": "a"}},
            "a -> .* in a circle",
        ),
        ({"max_tokens": {"rename": "max_completion_tokens"}, "max_completion_tokens": {"rename": "max_tokens"}}, "one"),
        ({"a": {"max_of": "a"}}, "bounded by itself"),
        ({"max_tokens": {"max_of": "max_completion_tokens"}}, "bounded by itself"),
        ({"a": {"max_of": "b"}, "b": {"max_of": "a"}}, "circle"),
        ({"max_tokens": {"append": ["x"]}}, "is a number"),
        ({"max_output_tokens": {"remove": ["x"]}}, "is a number"),
        ({"max_tokens": {"rename": "n"}, "max_completion_tokens": {"max": 1}}, "are one parameter"),
        ({"max_tokens": {"rename": "max_completion_tokens"}, "max_output_tokens": {"default": 1}}, "are one parameter"),
        ({"max_tokens": {"max": 1}, "max_completion_tokens": {"max": 1}}, "are one parameter"),
    ],
)
def test_parameters_that_cannot_be_changed_together_are_an_error(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_parameters(bounds(**parameters))


@pytest.mark.parametrize(
    ("parameters", "order"),
    [
        ({"a": {"max": 1}, "b": {"max": 1}}, "a b"),
        ({"b": {"max": 1}, "a": {"rename": "b"}}, "a b"),
        ({"b": {"rename": "c"}, "a": {"rename": "b"}}, "a b"),
        ({"a": {"max_of": "b"}, "b": {"max": 1}}, "b a"),
        ({"a": {"max_of": "b"}, "b": {"max_of": "c"}, "c": {"default": 1}}, "c b a"),
        ({"a": {"max_of": "max_tokens"}, "max_completion_tokens": {"max": 9}}, "max_completion_tokens a"),
        ({"max_tokens": {"max": 9}, "max_completion_tokens": {"rename": "max_tokens"}},
         "max_completion_tokens max_tokens"),
    ],
)  # fmt: skip
def test_renames_come_first_and_bounds_after_those_they_depend_on(parameters: dict[str, Any], order: str) -> None:
    assert order_parameters(check_parameters(bounds(**parameters))) == order.split()


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ({"a": {"max": 1}}, {"b": {"rename": "a"}}),
        ({"a": {"drop": True}}, {"b": {"rename": "a"}}),
        ({"a": {"rename": "c"}}, {"b": {"rename": "a"}}),
        ({"a": {"rename": "b"}}, {"b": {"rename": "a"}}),
        ({"a": {"rename": "b"}}, {"a": {"rename": "c"}}),
        ({"a": {"rename": "b"}}, {"a": {"default": 1}}),
        ({"a": {"rename": "b"}}, {"a": {"append": ["x"]}}),
        ({"a": {"default": 1}}, {"a": {"rename": "b"}}),
        ({"a": {"append": ["x"]}}, {"a": {"rename": "b"}}),
        ({"max_tokens": {"rename": "max_completion_tokens"}}, {"max_tokens": {"default": 1}}),
        ({"max_tokens": {"rename": "max_completion_tokens"}}, {"max_output_tokens": {"default": 1}}),
        ({"max_tokens": {"rename": "n"}}, {"max_completion_tokens": {"value": 1}}),
        ({"max_tokens": {"default": 1}}, {"max_completion_tokens": {"rename": "n"}}),
        ({"a": {"max_of": "b"}}, {"b": {"max": 1}}),
        ({"a": {"max_of": "b"}}, {"b": {"value": 1}}),
        ({"a": {"max_of": "b"}}, {"c": {"rename": "b"}}),
        ({"a": {"max_of": "max_tokens"}}, {"max_output_tokens": {"default": 1}}),
    ],
)
def test_rules_that_undo_renames_or_references_are_found(earlier: dict[str, Any], later: dict[str, Any]) -> None:
    assert list(find_conflicts(bounds(**earlier), bounds(**later)))


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ({"a": {"rename": "b"}}, {"b": {"max": 1}}),
        ({"a": {"rename": "b"}}, {"b": {"rename": "c"}}),
        ({"a": {"rename": "b"}}, {"a": {"rename": "b"}}),
        ({"a": {"rename": "b"}}, {"a": {"drop": True}}),
        ({"a": {"max": 1}}, {"a": {"rename": "b"}}),
        ({"max_tokens": {"max": 1, "default": 1}}, {"max_completion_tokens": {"rename": "max_tokens"}}),
        ({"max_completion_tokens": {"rename": "max_tokens"}}, {"max_output_tokens": {"default": 1}}),
        ({"max_tokens": {"rename": "max_completion_tokens"}}, {"max_completion_tokens": {"default": 1}}),
        ({"a": {"max_of": "b"}}, {"b": {"min": 1}}),
        ({"a": {"max_of": "b"}}, {"b": {"drop": True}}),
        ({"b": {"max": 1}}, {"a": {"max_of": "b"}}),
    ],
)
def test_rules_that_build_on_earlier_ones_have_no_conflict(earlier: dict[str, Any], later: dict[str, Any]) -> None:
    assert list(find_conflicts(bounds(**earlier), bounds(**later))) == []
