"""When: all keys must hold, on the request as it came."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from prompt_policy import Facts
from prompt_policy.conditions.situation import Situation
from prompt_policy.conditions.when import When, compile_when
from prompt_policy.wire import Endpoint, request_view
from tests.support import chat


def holds(when: dict[str, Any], body: dict[str, Any], endpoint: Endpoint = "chat", facts: Facts | None = None) -> bool:
    condition = compile_when(When.model_validate(when))
    assert condition is not None
    return condition(Situation(request_view(body, endpoint), facts or Facts()))


MATH = chat("Solve the equation 2x + 5 = 17 for x.")
CODE = chat("Write a Python function that reverses a list.")


@pytest.mark.parametrize(
    ("when", "body", "expected"),
    [
        ({"task": "math"}, MATH, True),
        ({"task": "math"}, CODE, False),
        ({"task": ["math", "code"]}, CODE, True),
        ({"task": "other"}, chat("Good morning!"), True),
        ({"language": "en"}, MATH, True),
        ({"language": "zh"}, chat("你好吗"), True),
        ({"language": ["zh", "en"]}, chat("你好吗"), True),
        ({"model": "*distill-QWEN*"}, MATH, True),
        ({"model": ["*llama*", "gpt-*"]}, MATH, False),
        ({"endpoint": "chat"}, MATH, True),
        ({"endpoint": ["completions"]}, MATH, False),
        ({"stream": True}, chat("Hi", stream=True), True),
        ({"stream": False}, chat("Hi"), True),
        ({"has_tools": True}, chat("Hi", tools=[{}]), True),
        ({"has_tools": False}, chat("Hi", tools=[]), True),
        ({"json_mode": True}, chat("Hi", response_format={"type": "json_object"}), True),
        ({"has_system": True}, chat(("developer", "S"), "Hi"), True),
        ({"has_system": True}, chat("Hi"), False),
        ({"stream": True, "has_tools": True}, chat("Hi", stream=True), False),
        ({"any": [{"stream": True}, {"has_tools": True}]}, chat("Hi", stream=True), True),
        ({"all": [{"stream": True}, {"has_tools": True}]}, chat("Hi", stream=True), False),
        ({"not": {"stream": True}}, chat("Hi"), True),
        ({"not": {"any": [{"stream": True}, {"not": {"has_tools": False}}]}}, chat("Hi"), True),
        ({"not": {"stream": True, "has_tools": True}}, chat("Hi", stream=True), True),
    ],
)
def test_conditions(when: dict[str, Any], body: dict[str, Any], expected: bool) -> None:
    assert holds(when, body) is expected


@pytest.mark.parametrize(
    ("test", "value", "expected"),
    [
        ({"gt": 1}, 1.1, True),
        ({"gt": 1}, 1, False),
        ({"ge": 1}, 1, True),
        ({"lt": 1}, 0, True),
        ({"le": 1}, 1.0, True),
        ({"gt": 0, "lt": 1}, 0.5, True),
        ({"gt": 0, "lt": 1}, 1.5, False),
        ({"gt": 1}, "1.5", True),
        ({"gt": 1}, "hot", False),
        ({"gt": 0}, True, False),
        ({"gt": 1}, None, False),
        (0, 0, True),
        (0, False, False),
        (0, None, False),
        (True, 1, False),
        (True, True, True),
        ("none", "none", True),
        ({"eq": "high"}, "low", False),
        ({"ne": "high"}, "low", True),
        ({"ne": "high"}, "high", False),
        ({"ne": "high"}, None, True),
        ({"present": True}, 0, True),
        ({"present": True}, None, False),
        ({"present": False}, None, True),
    ],
)
def test_parameters(test: Any, value: Any, expected: bool) -> None:
    assert holds({"parameters": {"x": test}}, chat("Hi", x=value)) is expected


def test_an_absent_parameter_fails_every_test_but_two() -> None:
    assert not holds({"parameters": {"x": {"lt": 1}}}, chat("Hi"))
    assert holds({"parameters": {"x": {"present": False}, "y": {"ne": 1}}}, chat("Hi"))


def test_a_parameter_may_stand_inside_an_object() -> None:
    when = {"parameters": {"chat_template_kwargs.enable_thinking": False}}
    assert holds(when, chat("Hi", chat_template_kwargs={"enable_thinking": False}))
    assert not holds(when, chat("Hi", chat_template_kwargs=3))


def test_the_token_limits_are_one_parameter() -> None:
    assert holds({"parameters": {"max_tokens": {"gt": 5}}}, chat("Hi", max_completion_tokens=6))


def test_the_real_model_is_asked_and_not_the_alias() -> None:
    assert holds({"model": "deepseek-*"}, {**chat("Hi"), "model": "alias"}, facts=Facts(model="DeepSeek-R1"))


def test_a_text_completions_prompt_is_judged() -> None:
    body = {"prompt": "Solve the equation 2x + 5 = 17 for x."}
    assert holds({"task": "math"}, body, "completions")


@pytest.mark.parametrize(
    "when",
    [
        {}, {"task": []}, {"any": []}, {"all": [{}]}, {"parameters": {"x": {}}}, {"parameters": {"x": [1]}},
        {"stream": "yes"}, {"stream": 1}, {"endpoint": "chatt"}, {"unknown": 1},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_at_load(when: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        When.model_validate(when)


def test_no_condition_compiles_to_nothing() -> None:
    assert compile_when(None) is None


KNOWN = Facts(tags=("a", "b"), metadata={"tier": {"level": 2}, "name": "x"}, team="Red-Team", key_alias="ci-1")


@pytest.mark.parametrize(
    ("when", "expected", "unknown"),
    [
        ({"tags": "a"}, True, False),
        ({"tags": ["c", "b"]}, True, False),
        ({"tags": "c"}, False, False),
        ({"metadata": {"tier.level": {"ge": 2}}}, True, False),
        ({"metadata": {"tier.level": 3}}, False, False),
        ({"metadata": {"name": "x"}}, True, False),
        ({"metadata": {"name.deeper": "x"}}, False, False),
        ({"metadata": {"nothing": {"present": False}}}, True, True),
        ({"team": "red-*"}, True, False),
        ({"team": "blue"}, False, False),
        ({"key_alias": ["x", "CI-?"]}, True, False),
        ({"not": {"team": "red-*"}}, False, True),
    ],
)
def test_what_stands_around_a_request(when: dict[str, Any], expected: bool, unknown: bool) -> None:
    assert holds(when, chat("Hi"), facts=KNOWN) is expected
    assert holds(when, chat("Hi")) is unknown


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ({"contains": "quick"}, True),
        ({"contains": ["slow", "quick"]}, True),
        ({"contains": "Quick"}, False),
        ({"contains": "first"}, False),
        ({"matches": "(?i)Q[a-z]+k"}, True),
        ({"matches": "^first"}, False),
        ({"contains": "quick", "matches": "slow"}, False),
    ],
)
def test_the_last_user_turn(test: dict[str, Any], expected: bool) -> None:
    body = chat("first", ("assistant", "quick"), "a quick one", ("tool", "first"))
    assert holds({"last_user": test}, body) is expected


@pytest.mark.parametrize(
    ("test", "expected"),
    [({"contains": "detailed thinking on"}, True), ({"matches": "(?m)^/no_think$"}, True), ({"contains": "Hi"}, False)],
)
def test_the_system_texts(test: dict[str, Any], expected: bool) -> None:
    assert (
        holds({"system": test}, chat(("system", "detailed thinking on"), ("developer", "/no_think"), "Hi")) is expected
    )
    assert holds({"system": test}, chat("detailed thinking on")) is False


def test_an_empty_test_of_the_last_turn_is_a_mistake() -> None:
    with pytest.raises(ValidationError, match="says nothing"):
        When.model_validate({"last_user": {}})
