"""Thinking: every spelling becomes the model's own."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from prompt_policy import Pipeline, RequestContext
from prompt_policy.wire import Endpoint
from prompt_policy.wire.backends import find_limits
from prompt_policy.wire.requests.thinking import BUDGETS, EFFORTS, SWITCHES
from tests.support.policies import apply, policy_of, reason

KWARGS = "chat_template_kwargs"
QWEN = {"kind": "thinking", "to": f"{KWARGS}.enable_thinking"}
DEEPSEEK = {"kind": "thinking", "to": f"{KWARGS}.thinking", "default": "off"}
GPT_OSS = {"kind": "thinking", "effort": {"to": "reasoning_effort", "levels": ["low", "medium", "high"]}}
MISTRAL = {"kind": "thinking", "effort": {"to": "reasoning_effort", "levels": ["none", "high"]}}
MINIMAX = {"kind": "thinking", "to": f"{KWARGS}.thinking_mode"}
FULL = {
    "kind": "thinking",
    "to": f"{KWARGS}.enable_thinking",
    "effort": {"to": f"{KWARGS}.reasoning_effort", "levels": {"low": "low", "high": "max"}},
    "budget": "thinking_token_budget",
}

OPENROUTER = {
    "kind": "thinking",
    "to": "reasoning.enabled",
    "effort": {"to": "reasoning.effort", "levels": ["low", "high"]},
    "budget": "reasoning.max_tokens",
}
ANTHROPIC = {"kind": "thinking", "to": "thinking.type", "budget": "thinking.budget_tokens"}
OLLAMA = {"kind": "thinking", "to": "think", "default": "on"}


def send(
    rule: dict[str, Any], keys: dict[str, Any], endpoint: Endpoint = "chat", context: RequestContext | None = None
) -> dict[str, Any]:
    text = {"input": "Hi"} if endpoint == "responses" else {"messages": [{"role": "user", "content": "Hi"}]}
    applied = apply(rule, {**text, **keys}, endpoint, context)
    assert applied.refusal is None
    return {key: value for key, value in applied.body.items() if key not in text}


@pytest.mark.parametrize(
    ("rule", "keys", "sent"),
    [
        (QWEN, {"enable_thinking": False}, {KWARGS: {"enable_thinking": False}}),
        (QWEN, {"think": False}, {KWARGS: {"enable_thinking": False}}),
        (QWEN, {"thinking": {"type": "disabled"}}, {KWARGS: {"enable_thinking": False}}),
        (QWEN, {"thinking": {"type": "enabled", "budget_tokens": 9}}, {KWARGS: {"enable_thinking": True}}),
        (QWEN, {"reasoning": {"enabled": False, "exclude": True}},
         {"reasoning": {"exclude": True}, KWARGS: {"enable_thinking": False}}),
        (QWEN, {KWARGS: {"thinking": False, "x": 1}}, {KWARGS: {"x": 1, "enable_thinking": False}}),
        (QWEN, {KWARGS: {"thinking": False, "enable_thinking": True}}, {KWARGS: {"enable_thinking": False}}),
        (QWEN, {"reasoning_effort": "none"}, {"reasoning_effort": "none", KWARGS: {"enable_thinking": False}}),
        (QWEN, {"extra_body": {"enable_thinking": False}}, {KWARGS: {"enable_thinking": False}}),
        (QWEN, {KWARGS: None, "think": True}, {KWARGS: {"enable_thinking": True}}),
        (DEEPSEEK, {}, {KWARGS: {"thinking": False}}),
        (DEEPSEEK, {KWARGS: {"enable_thinking": True}}, {KWARGS: {"thinking": True}}),
        (GPT_OSS, {"reasoning_effort": "minimal"}, {"reasoning_effort": "low"}),
        (GPT_OSS, {"reasoning_effort": "max"}, {"reasoning_effort": "high"}),
        (GPT_OSS, {"reasoning": {"effort": "medium"}}, {"reasoning_effort": "medium"}),
        (GPT_OSS, {"enable_thinking": False}, {"reasoning_effort": "low"}),
        (GPT_OSS, {"enable_thinking": True}, {}),
        (GPT_OSS, {"reasoning_effort": "ultra"}, {"reasoning_effort": "ultra"}),
        (MISTRAL, {"reasoning_effort": "medium"}, {"reasoning_effort": "high"}),
        (MISTRAL, {"think": False}, {"reasoning_effort": "none"}),
        (MINIMAX, {"enable_thinking": False}, {KWARGS: {"thinking_mode": "disabled"}}),
        (MINIMAX, {KWARGS: {"thinking_mode": "adaptive"}}, {KWARGS: {"thinking_mode": "enabled"}}),
        (FULL, {"reasoning_effort": "high"}, {KWARGS: {"enable_thinking": True, "reasoning_effort": "max"}}),
        (FULL, {"reasoning": {"max_tokens": 9}}, {KWARGS: {"enable_thinking": True}, "thinking_token_budget": 9}),
        (FULL, {"thinking_budget": 9}, {"thinking_token_budget": 9}),
        (FULL, {"thinking_budget": 9, "reasoning_effort": "none"}, {KWARGS: {"enable_thinking": False}}),
        (FULL, {"thinking_token_budget": 0}, {KWARGS: {"enable_thinking": False}}),
    ],
)  # fmt: skip
def test_other_spellings_become_the_models_own(rule: dict[str, Any], keys: dict[str, Any], sent: Any) -> None:
    assert send(rule, keys) == sent


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"temperature": 0},
        {KWARGS: {"enable_thinking": False}},
        {KWARGS: {"enable_thinking": None, "preserve_thinking": True}},
        {KWARGS: 3},
        {"enable_thinking": None, "reasoning_effort": 3},
        {"thinking_token_budget": 100},
        {"thinking_token_budget": -1},
        {"reasoning": {"summary": "auto"}},
        {"include_reasoning": False},
        {"metadata": {"enable_thinking": "false"}},
    ],
)
def test_a_request_without_a_foreign_spelling_passes_unchanged(keys: dict[str, Any]) -> None:
    body = {"messages": [{"role": "user", "content": "Hi /no_think"}], **keys}
    assert apply(QWEN, body).body is body


@pytest.mark.parametrize(
    ("endpoint", "rule", "keys", "sent"),
    [
        ("responses", GPT_OSS, {"reasoning": {"effort": "xhigh", "summary": "auto"}},
         {"reasoning": {"effort": "high", "summary": "auto"}}),
        ("responses", GPT_OSS, {"reasoning_effort": "high"}, {"reasoning": {"effort": "high"}}),
        ("responses", FULL, {"reasoning": {"effort": "low"}},
         {KWARGS: {"enable_thinking": True, "reasoning_effort": "low"}}),
        ("messages", GPT_OSS, {"output_config": {"effort": "max", "format": None}},
         {"output_config": {"effort": "high", "format": None}}),
        ("messages", FULL, {"thinking": {"type": "enabled", "budget_tokens": 9}},
         {"thinking": {"type": "enabled", "budget_tokens": 9}, KWARGS: {"enable_thinking": True}}),
        ("messages", FULL, {"thinking_token_budget": 9},
         {"thinking": {"type": "enabled", "budget_tokens": 9}, KWARGS: {"enable_thinking": True}}),
        ("messages", FULL, {"thinking": {"type": "disabled"}}, {KWARGS: {"enable_thinking": False}}),
        ("messages", QWEN, {"thinking": {"type": "adaptive", "display": "omitted"}},
         {KWARGS: {"enable_thinking": True}}),
    ],
)  # fmt: skip
def test_each_endpoint_gets_its_own_names(
    endpoint: Endpoint, rule: dict[str, Any], keys: dict[str, Any], sent: Any
) -> None:
    assert send(rule, keys, endpoint) == sent


def test_the_setting_of_the_host_takes_precedence_over_the_default() -> None:
    assert send(DEEPSEEK, {}, context=RequestContext(thinking=True)) == {KWARGS: {"thinking": True}}
    assert send(QWEN, {}, context=RequestContext(thinking=False)) == {KWARGS: {"enable_thinking": False}}
    off = {KWARGS: {"thinking": False}}
    assert send(DEEPSEEK, off, context=RequestContext(thinking=True)) == off


def test_the_default_of_the_model_is_known_and_not_sent() -> None:
    granite = {"kind": "thinking", "to": f"{KWARGS}.thinking", "model_default": "off"}
    assert send(granite, {}) == {}
    assert send(granite, {}, context=RequestContext(thinking=False)) == {}
    assert send(granite, {}, context=RequestContext(thinking=True)) == {KWARGS: {"thinking": True}}
    assert send(granite, {"enable_thinking": False}) == {KWARGS: {"thinking": False}}
    seed = {"kind": "clamp", "when": {"thinking": "off"}, "parameters": {"seed": {"value": 7}}}
    pipeline = Pipeline(policy_of(granite, seed))
    body = {"messages": [{"role": "user", "content": "Hi"}]}
    assert pipeline.apply(body, "chat").body == {**body, "seed": 7}
    assert "seed" not in pipeline.apply({**body, "enable_thinking": True}, "chat").body


def test_conditions_see_the_result_for_the_request() -> None:
    seed = {"kind": "clamp", "when": {"thinking": "off"}, "parameters": {"seed": {"value": 7}}}

    def fires(rule: dict[str, Any], keys: dict[str, Any], text: str = "Hi", **context: Any) -> bool:
        body = {"messages": [{"role": "user", "content": text}], **keys}
        applied = Pipeline(policy_of(seed, rule)).apply(body, "chat", RequestContext(**context))
        return "seed" in applied.body

    assert fires(QWEN, {"thinking": {"type": "disabled"}})
    assert not fires(QWEN, {})
    assert fires(QWEN, {}, thinking=False)
    assert fires(DEEPSEEK, {})
    assert not fires(DEEPSEEK, {"reasoning_effort": "low"})
    assert not fires({**DEEPSEEK, "mode": "audit"}, {})
    assert not fires({**DEEPSEEK, "when": {"stream": True}}, {})
    assert not fires(GPT_OSS, {"reasoning_effort": "none"}), "this model always thinks"
    assert fires({**QWEN, "soft_switches": True}, {}, "Hi /no_think")
    assert not fires(QWEN, {}, "Hi /no_think")


@pytest.mark.parametrize(
    ("rule", "keys", "param"),
    [
        (DEEPSEEK, {KWARGS: 3}, KWARGS),
        ({**GPT_OSS, "effort": {**GPT_OSS["effort"], "unsupported": "reject"}},  # type: ignore[dict-item]  # a dict
         {"reasoning_effort": "xhigh"}, "reasoning_effort"),
    ],
)  # fmt: skip
def test_a_request_that_cannot_be_translated_is_rejected(rule: Any, keys: dict[str, Any], param: str) -> None:
    body = {"messages": [], **keys}
    refusal = apply(rule, body).refusal
    assert refusal is not None
    assert refusal.param == param
    assert Pipeline(policy_of(rule)).can_reject(body, "chat", RequestContext)


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({}, "has no parameter"),
        ({"to": f"{KWARGS}.enable_thinkng"}, "did you mean"),
        ({"to": "reasoning_effort"}, "no server reads"),
        ({"budget": "max_tokens"}, "no server reads"),
        ({"effort": {"to": "reasoning_effort", "levels": []}}, "at least 1"),
        ({"effort": {"to": "reasoning_effort", "levels": {"low": "high", "high": "max"}}}, "itself mapped"),
        ({"effort": {"to": "reasoning_effort", "levels": ["low"]}, "default": "off"}, "cannot be sent"),
        ({"to": "think", "default": "maybe"}, "on"),
        ({"to": "think", "default": "on", "model_default": "on"}, "'default' excludes 'model_default'"),
    ],
)
def test_unusable_rules_are_rejected(keys: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        policy_of({"kind": "thinking", **keys})


VALUES: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, False, 0, 5, "none", "low", "high", "max", "enabled", "disabled", "ultra", {}, 3.5]
)


@st.composite
def bodies(draw: st.DrawFn) -> dict[str, Any]:
    body: dict[str, Any] = {"messages": [{"role": "user", "content": "Hi"}]}
    for path in draw(st.lists(st.sampled_from([*SWITCHES, *EFFORTS, *BUDGETS]), max_size=5)):
        target = body
        for key in path[:-1]:
            if not isinstance(target.get(key), dict):
                target[key] = {}
            target = target[key]
        target[path[-1]] = draw(VALUES)
    return {"extra_body": body.pop("reasoning"), **body} if draw(st.booleans()) and "reasoning" in body else body


IF_OFF = {"kind": "clamp", "when": {"thinking": "off"}, "parameters": {"seed": {"value": 7}}}
RULES = (QWEN, DEEPSEEK, GPT_OSS, MISTRAL, MINIMAX, FULL, OPENROUTER, ANTHROPIC, OLLAMA)


@pytest.mark.parametrize("pipeline", [Pipeline(policy_of(rule, IF_OFF)) for rule in RULES])
@pytest.mark.parametrize("endpoint", ["chat", "responses", "messages"])
@given(body=bodies())
def test_a_second_pass_changes_nothing(pipeline: Pipeline, endpoint: Endpoint, body: dict[str, Any]) -> None:
    once = pipeline.apply(body, endpoint)
    if once.refusal is None:
        again = pipeline.apply(once.body, endpoint)
        assert again.refusal is None
        assert again.body is once.body


UNSUPPORTED = RequestContext(**find_limits("groq")._asdict())


@pytest.mark.parametrize(
    ("rule", "given", "sent", "why"),
    [
        (QWEN, {"enable_thinking": False}, {"enable_thinking": False}, f"{KWARGS}.enable_thinking"),
        (QWEN, {"reasoning_effort": "none"}, {"reasoning_effort": "none"}, f"{KWARGS}.enable_thinking"),
        (QWEN, {KWARGS: {"enable_thinking": True}, "think": False}, {KWARGS: {"enable_thinking": False}}, None),
        (DEEPSEEK, {}, {}, f"{KWARGS}.thinking"),
        (GPT_OSS, {"enable_thinking": True, "reasoning_effort": "max"}, {"reasoning_effort": "high"}, None),
        (FULL, {"think": True, "reasoning_effort": "low"}, {"think": True, "reasoning_effort": "low"},
         f"{KWARGS}.enable_thinking, {KWARGS}.reasoning_effort"),
        (FULL, {"thinking_budget": 9}, {"thinking_budget": 9}, "thinking_token_budget"),
        ({**GPT_OSS, "to": f"{KWARGS}.thinking"}, {"think": False}, {"think": False, "reasoning_effort": "low"},
         f"{KWARGS}.thinking"),
        (OPENROUTER, {"enable_thinking": False}, {"reasoning": {"enabled": False}}, None),
    ],
)  # fmt: skip
def test_what_the_server_does_not_read_stays_as_the_client_sent_it(
    rule: dict[str, Any], given: dict[str, Any], sent: dict[str, Any], why: str | None
) -> None:
    applied = apply(rule, {"messages": [], **given}, context=UNSUPPORTED)
    assert {key: value for key, value in applied.body.items() if key != "messages"} == sent
    assert reason(applied) == (why and f"not known to the backend groq: {why}")
    assert apply(rule, applied.body, context=UNSUPPORTED).body is applied.body
