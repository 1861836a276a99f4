"""Tests of single values and texts; how conditions use them is in test_when.py."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy import Facts
from prompt_policy.conditions.situation import Situation
from prompt_policy.conditions.value_tests import ParameterTest, of_value
from prompt_policy.wire import MISSING, request_view
from tests.support import chat


@pytest.mark.parametrize(
    ("test", "value", "expected"),
    [
        ({"eq": 1}, True, False),
        ({"eq": True}, True, True),
        ({"eq": 1}, 1.0, True),
        ({"gt": 1}, "1.5", True),
        ({"gt": 1}, "warm", False),
        ({"le": 0}, MISSING, False),
        ({"ne": 1}, MISSING, True),
        ({"present": False}, MISSING, True),
        ({"present": True}, 0, True),
    ],
)
def test_values(test: dict[str, Any], value: Any, expected: bool) -> None:
    condition = of_value(ParameterTest.model_validate(test), lambda _situation: value)
    assert condition(Situation(request_view(chat("Hi"), "chat"), Facts())) is expected
