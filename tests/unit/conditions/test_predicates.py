"""Predicates on values and texts. How conditions use them is tested in test_when.py."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy import RequestContext
from prompt_policy.conditions.context import EvaluationContext
from prompt_policy.conditions.predicates import ParameterMatcher, compile_value_predicate
from prompt_policy.wire import MISSING, create_request
from tests.support.policies import chat


@pytest.mark.parametrize(
    ("matcher", "value", "expected"),
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
def test_a_value_predicate(matcher: dict[str, Any], value: Any, expected: bool) -> None:
    condition = compile_value_predicate(ParameterMatcher.model_validate(matcher), lambda _context: value)
    assert condition(EvaluationContext(create_request(chat("Hi"), "chat"), RequestContext())) is expected
