"""The keys of one parameter, and which of them exclude each other."""

from __future__ import annotations

import math
from typing import Any

import pytest
from pydantic import ValidationError

from prompt_policy.kinds.parameters.bounds import Bounds


@pytest.mark.parametrize(
    "keys",
    [
        {"default": "hot", "max": 1}, {"default": True, "max": 1}, {"default": "0.6", "max": 1},
        {"default": [1], "min": 0}, {"default": {"a": 1}, "min": 0}, {"default": 2, "max": 1}, {"default": math.nan},
        {"default": [math.inf]}, {"value": 0, "min": 0.5}, {"value": False, "max": 1}, {"value": 1, "min": 0.5},
        {"value": 0, "default": 0}, {"value": 0, "drop": True}, {"value": 0, "drop": False}, {"drop": True, "max": 1},
        {"drop": False}, {},
        {"rename": "b", "max": 1}, {"rename": "b", "default": 1}, {"rename": "b", "drop": False}, {"rename": "tools"},
        {"rename": ""}, {"rename": None}, {"rename": ["b"]}, {"append": []}, {"append": "x"}, {"append": [math.nan]},
        {"append": [None]}, {"append": ["x"], "max": 1}, {"append": ["x"], "default": ["y"]},
        {"remove": ["x"], "value": []},
        {"append": ["x"], "remove": ["y", "x"]}, {"append": ["x"], "rename": "b"}, {"remove": ["x"], "drop": True},
        {"append": ["x"], "max_of": "b"}, {"max_of": ""}, {"max_of": "messages"}, {"max_of": 3}, {"minus": 1},
        {"minus": 1, "max": 3}, {"max_of": "b", "minus": -1}, {"max_of": "b", "minus": math.nan},
        {"max_of": "b", "minus": "1"}, {"max_of": "b", "value": 1}, {"max_of": "b", "drop": True},
        {"max_of": "b", "default": "high"}, {"max_of": "b", "min": 3, "max": 1}, {"max_of": None},
        {"max": None}, {"min": None}, {"default": None}, {"value": None}, {"min": 2, "max": 1}, {"max": "1"},
    ],
)  # fmt: skip
def test_bounds_that_cannot_be_meant_are_an_error(keys: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Bounds.model_validate(keys)


@pytest.mark.parametrize(
    "keys",
    [
        {"max": 0}, {"min": 0, "max": 0}, {"min": -1, "default": 0}, {"default": 0.5, "min": 0.5, "max": 0.5},
        {"value": 0}, {"value": False}, {"value": ""}, {"value": []}, {"value": {"a": None}}, {"default": "hot"},
        {"rename": "b"}, {"rename": "b.c"}, {"append": ["x", 1, 0.5, True]}, {"remove": ["x"]}, {"max_of": "b"},
        {"append": ["x"], "remove": ["y"]}, {"append": [1], "remove": [True]}, {"max_of": "b", "minus": 0},
        {"max_of": "b.c", "minus": 1, "min": 0, "max": 9, "default": 3},
        {"default": True}, {"default": {"a": 1}}, {"drop": True}, {"drop": False, "max": 1}, {"default": 1, "max": 1},
    ],
)  # fmt: skip
def test_bounds_that_make_sense_are_valid(keys: dict[str, Any]) -> None:
    assert Bounds.model_validate(keys).model_fields_set == set(keys)


@pytest.mark.parametrize("value", [0.6, "high", True, [1]])
def test_a_value_without_a_mapping_is_suggested_as_one(value: object) -> None:
    with pytest.raises(ValidationError, match=r"did you mean \{value: "):
        Bounds.model_validate(value)
