"""When: all keys must hold, for the original request."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from prompt_policy import RequestContext
from prompt_policy.conditions.context import EvaluationContext
from prompt_policy.conditions.when import When, compile_when, list_header_names, names_format_dictated
from prompt_policy.wire import Endpoint, create_request
from tests.support.policies import BODIES, apply, chat


def holds(
    when: dict[str, Any], body: dict[str, Any], endpoint: Endpoint = "chat", context: RequestContext | None = None
) -> bool:
    condition = compile_when(When.model_validate(when))
    assert condition is not None
    return condition(EvaluationContext(create_request(body, endpoint), context or RequestContext()))


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
        ({"format_dictated": True}, chat("Hi. Answer with one word."), True),
        ({"format_dictated": True}, chat("你好。只回答一个词"), True),
        ({"format_dictated": True}, chat(("system", "Reply in JSON."), "Hi"), True),
        ({"format_dictated": True}, chat("Hi", response_format={"type": "json_object"}), True),
        ({"format_dictated": True}, chat("Hi", regex="a+"), True),
        ({"format_dictated": True}, chat("Hi"), False),
        ({"format_dictated": False}, chat("Hi"), True),
        ({"format_dictated": False}, chat("Is 7 prime? Answer yes or no."), False),
        ({"json_mode": True}, chat("Hi", response_format={"type": "json_object"}), True),
        ({"has_system": True}, chat(("developer", "S"), "Hi"), True),
        ({"has_system": True}, chat("Hi"), False),
        ({"has_system": True}, chat(("system", ""), "Hi"), False),
        ({"has_system": True}, chat(("system", ""), ("developer", [{"type": "text", "text": "S"}]), "Hi"), True),
        ({"thinking": "on"}, chat("Hi"), True),
        ({"thinking": "on"}, chat("Hi", reasoning_effort="low"), True),
        ({"thinking": "on"}, chat("Hi", reasoning={"enabled": False}), False),
        ({"thinking": "off"}, chat("Hi", chat_template_kwargs={"thinking": False}), True),
        ({"thinking": "off"}, chat("Hi"), False),
        ({"prefilled": True}, chat("Hi", ("assistant", "<think>")), True),
        ({"prefilled": True}, chat("Hi", continue_final_message=True), True),
        ({"prefilled": True}, chat(("assistant", "A"), "Hi"), False),
        ({"prefilled": False}, chat("Hi"), True),
        ({"stream": True, "has_tools": True}, chat("Hi", stream=True), False),
        ({"any": [{"stream": True}, {"has_tools": True}]}, chat("Hi", stream=True), True),
        ({"all": [{"stream": True}, {"has_tools": True}]}, chat("Hi", stream=True), False),
        ({"not": {"stream": True}}, chat("Hi"), True),
        ({"not": {"any": [{"stream": True}, {"not": {"has_tools": False}}]}}, chat("Hi"), True),
        ({"not": {"stream": True, "has_tools": True}}, chat("Hi", stream=True), True),
    ],
)
def test_a_condition(when: dict[str, Any], body: dict[str, Any], expected: bool) -> None:
    assert holds(when, body) is expected


@pytest.mark.parametrize(
    ("matcher", "value", "expected"),
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
def test_predicates_on_parameters(matcher: Any, value: Any, expected: bool) -> None:
    assert holds({"parameters": {"x": matcher}}, chat("Hi", x=value)) is expected


def test_an_absent_parameter_fails_all_but_two_predicates() -> None:
    assert not holds({"parameters": {"x": {"lt": 1}}}, chat("Hi"))
    assert holds({"parameters": {"x": {"present": False}, "y": {"ne": 1}}}, chat("Hi"))


def test_a_dotted_name_refers_to_a_nested_parameter() -> None:
    when = {"parameters": {"chat_template_kwargs.enable_thinking": False}}
    assert holds(when, chat("Hi", chat_template_kwargs={"enable_thinking": False}))
    assert not holds(when, chat("Hi", chat_template_kwargs=3))


def test_the_token_limits_are_one_parameter() -> None:
    assert holds({"parameters": {"max_tokens": {"gt": 5}}}, chat("Hi", max_completion_tokens=6))


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens", "max_output_tokens"])
@pytest.mark.parametrize(
    ("endpoint", "given", "expected"),
    [
        ("chat", {"max_output_tokens": 1, "max_tokens": 9}, True),
        ("chat", {"max_tokens": 1, "max_completion_tokens": 9}, True),
        ("chat", {"max_completion_tokens": 1, "max_tokens": 9}, False),
        ("chat", {"max_output_tokens": 9}, True),
        ("responses", {"max_tokens": 1, "max_output_tokens": 9}, True),
        ("responses", {"max_tokens": 9, "max_output_tokens": 1}, False),
        ("messages", {"max_completion_tokens": 1, "max_tokens": 9}, True),
        ("completions", {"max_output_tokens": 1, "max_tokens": 9}, True),
    ],
)
def test_a_condition_on_the_token_limit_sees_the_name_that_the_endpoint_reads(
    name: str, endpoint: Endpoint, given: dict[str, int], expected: bool
) -> None:
    rule = {"kind": "reject", "message": "no", "when": {"parameters": {name: {"gt": 5}}}}
    applied = apply(rule, {**BODIES[endpoint], **given}, endpoint)
    assert (applied.refusal is not None) is expected


def test_the_real_model_is_matched_and_not_the_alias() -> None:
    assert holds({"model": "deepseek-*"}, {**chat("Hi"), "model": "alias"}, context=RequestContext(model="DeepSeek-R1"))


def test_the_prompt_of_a_text_completion_is_classified() -> None:
    body = {"prompt": "Solve the equation 2x + 5 = 17 for x."}
    assert holds({"task": "math"}, body, "completions")


@pytest.mark.parametrize(
    "when",
    [
        {}, {"task": []}, {"any": []}, {"all": [{}]}, {"parameters": {"x": {}}}, {"parameters": {"x": [1]}},
        {"stream": "yes"}, {"stream": 1}, {"endpoint": "chatt"}, {"unknown": 1},
    ],
)  # fmt: skip
def test_an_invalid_condition_is_rejected_at_load(when: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        When.model_validate(when)


def test_no_condition_compiles_to_nothing() -> None:
    assert compile_when(None) is None


KNOWN = RequestContext(tags=("a", "b"), metadata={"tier": {"level": 2}, "name": "x"}, team="Red-Team", key_alias="ci-1")


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
def test_conditions_on_the_caller(when: dict[str, Any], expected: bool, unknown: bool) -> None:
    assert holds(when, chat("Hi"), context=KNOWN) is expected
    assert holds(when, chat("Hi")) is unknown


@pytest.mark.parametrize(
    ("matcher", "expected"),
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
def test_predicates_on_the_last_user_turn(matcher: dict[str, Any], expected: bool) -> None:
    body = chat("first", ("assistant", "quick"), "a quick one", ("tool", "first"))
    assert holds({"last_user": matcher}, body) is expected


@pytest.mark.parametrize(
    ("matcher", "expected"),
    [({"contains": "detailed thinking on"}, True), ({"matches": "(?m)^/no_think$"}, True), ({"contains": "Hi"}, False)],
)
def test_predicates_on_the_system_texts(matcher: dict[str, Any], expected: bool) -> None:
    assert (
        holds({"system": matcher}, chat(("system", "detailed thinking on"), ("developer", "/no_think"), "Hi"))
        is expected
    )
    assert holds({"system": matcher}, chat("detailed thinking on")) is False


def test_empty_condition_on_the_last_turn_is_an_error() -> None:
    with pytest.raises(ValidationError, match="must not be empty"):
        When.model_validate({"last_user": {}})


AGENT = RequestContext(headers={"user-agent": "claude-cli/2.1 (external)", "x-app": ""}, provider="hosted_vllm")


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({"headers": {"user-agent": {"contains": "claude-cli"}}}, True),
        ({"headers": {"User-Agent": {"matches": r"^claude-cli/2\."}}}, True),
        ({"headers": {"user-agent": {"contains": ["codex", "opencode"]}}}, False),
        ({"headers": {"user-agent": {"contains": "claude"}, "x-absent": {"contains": "a"}}}, False),
        ({"headers": {"x-app": {"matches": "^$"}}}, True),
        ({"headers": {"x-absent": {"matches": "^$"}}}, False),
        ({"not": {"headers": {"x-absent": {"contains": "a"}}}}, True),
        ({"provider": "*vllm"}, True),
        ({"provider": ["openrouter", "HOSTED_VLLM"]}, True),
        ({"provider": "openai"}, False),
    ],
)
def test_a_condition_on_what_the_host_knows(when: dict[str, Any], expected: bool) -> None:
    assert holds(when, MATH, context=AGENT) is expected


@pytest.mark.parametrize("when", [{"provider": "*"}, {"headers": {"user-agent": {"matches": "^"}}}])
def test_what_the_host_does_not_know_matches_nothing(when: dict[str, Any]) -> None:
    assert not holds(when, MATH)


@pytest.mark.parametrize(
    ("when", "reason"),
    [
        ({"headers": {"Authorization": {"contains": "sk-"}}}, "credential"),
        ({"headers": {"x-api-key": {"contains": "sk-"}}}, "credential"),
        ({"headers": {"user agent": {"contains": "a"}}}, "not a header's name"),
        ({"headers": {"": {"contains": "a"}}}, "not a header's name"),
        ({"headers": {"user-agent": {}}}, "must not be empty"),
        ({"headers": {"User-Agent": {"contains": "a"}, "user-agent": {"contains": "b"}}}, "two spellings"),
        ({"thinking": True}, "on"),
        ({"thinking": "maybe"}, "on"),
        ({"prefilled": "yes"}, "bool"),
    ],
)
def test_an_unusable_condition_is_rejected(when: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        When.model_validate(when)


def test_the_headers_of_nested_conditions_are_listed() -> None:
    agent = {"headers": {"User-Agent": {"contains": "a"}}}
    when = When.model_validate({"any": [agent, {"not": {"headers": {"x-app": {"contains": "b"}}}}]})
    assert list(list_header_names(when)) == ["user-agent", "x-app"]
    assert list(list_header_names(None)) == []


@pytest.mark.parametrize(
    ("endpoint", "body"),
    [
        ("chat", {"messages": [{"role": "user", "content": "TEXT"}]}),
        ("chat", {"messages": [{"role": "user", "content": [{"type": "text", "text": "TEXT"}]}]}),
        ("completions", {"prompt": "TEXT"}),
        ("responses", {"input": "TEXT"}),
        ("responses", {"instructions": "TEXT", "input": "Hi"}),
        ("messages", {"messages": [{"role": "user", "content": "TEXT"}]}),
        ("messages", {"system": "TEXT", "messages": [{"role": "user", "content": "Hi"}]}),
    ],
)
@pytest.mark.parametrize(("text", "expected"), [("Answer with one word.", True), ("What is a word?", False)])
def test_the_form_is_dictated_on_every_endpoint(
    endpoint: Endpoint, body: dict[str, Any], text: str, expected: bool
) -> None:
    filled = json.loads(json.dumps(body).replace("TEXT", text))
    assert holds({"format_dictated": True}, filled, endpoint) is expected


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (None, False),
        ({"task": "math"}, False),
        ({"format_dictated": False}, True),
        ({"not": {"any": [{"stream": True}, {"format_dictated": True}]}}, True),
        ({"all": [{"stream": True}]}, False),
    ],
)
def test_a_condition_names_the_form_at_any_depth(when: dict[str, Any] | None, expected: bool) -> None:
    assert names_format_dictated(None if when is None else When.model_validate(when)) is expected
