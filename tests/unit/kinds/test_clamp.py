"""Clamp: parameters are kept within bounds."""

from __future__ import annotations

import math
from typing import Any

import pytest
from pydantic import ValidationError

from tests.support.policies import apply, chat, clamp, policy_of, probe_findings

TEMPERATURE = clamp(temperature={"min": 0.5, "max": 0.7, "default": 0.6})


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"temperature": 1.3}, 0.7),
        ({"temperature": 0}, 0.5),
        ({"temperature": -1}, 0.5),
        ({"temperature": "1.3"}, 0.7),
        ({"temperature": "1e0"}, 0.7),
        ({"temperature": float("inf")}, 0.7),
        ({"temperature": 10**400}, 0.7),
        ({}, 0.6),
        ({"temperature": None}, 0.6),
    ],
)
def test_a_number_out_of_bounds_is_clamped(given: dict[str, Any], sent: float) -> None:
    assert apply(TEMPERATURE, chat("Hi", **given)).body["temperature"] == sent


@pytest.mark.parametrize("value", [0.5, 0.6, 0.7, "0.6"])
def test_a_number_within_bounds_is_not_changed(value: Any) -> None:
    body = chat("Hi", temperature=value)
    assert apply(TEMPERATURE, body).body is body


@pytest.mark.parametrize("value", ["hot", "", "nan", "0x1", True, False, [0.6], {}, float("nan")])
def test_another_type_is_rejected_if_a_bound_applies(value: Any) -> None:
    applied = apply(TEMPERATURE, chat("Hi", temperature=value))
    assert applied.refusal is not None
    assert (applied.refusal.status, applied.refusal.param) == (400, "temperature")


def test_another_type_passes_if_only_a_default_is_set() -> None:
    body = chat("Hi", stop="END")
    assert apply(clamp(stop={"default": "STOP"}), body).body is body


def test_zero_is_a_value_and_not_absent() -> None:
    body = chat("Hi", seed=0)
    assert apply(clamp(seed={"default": 7}), body).body is body


@pytest.mark.parametrize("given", [{}, {"top_k": None}, {"top_k": 5}])
def test_a_value_is_always_set(given: dict[str, Any]) -> None:
    assert apply(clamp(top_k={"value": 20}), chat("Hi", **given)).body["top_k"] == 20


def test_a_dropped_parameter_is_removed_even_if_null() -> None:
    assert "top_k" not in apply(clamp(top_k={"drop": True}), chat("Hi", top_k=None)).body


def test_dropping_an_absent_parameter_changes_nothing() -> None:
    body = chat("Hi")
    assert apply(clamp(top_k={"drop": True}), body).body is body


def test_a_dotted_name_sets_a_nested_value_in_a_copy() -> None:
    body = chat("Hi", chat_template_kwargs={"other": 1})
    sent = apply(clamp(**{"chat_template_kwargs.enable_thinking": {"default": True}}), body).body
    assert sent["chat_template_kwargs"] == {"other": 1, "enable_thinking": True}
    assert body["chat_template_kwargs"] == {"other": 1}


def test_a_dotted_default_creates_the_missing_object() -> None:
    sent = apply(clamp(**{"chat_template_kwargs.enable_thinking": {"default": True}}), chat("Hi")).body
    assert sent["chat_template_kwargs"] == {"enable_thinking": True}


def test_a_scalar_in_place_of_an_object_is_rejected() -> None:
    rule = clamp(**{"chat_template_kwargs.enable_thinking": {"default": True}})
    applied = apply(rule, chat("Hi", chat_template_kwargs=3))
    assert applied.refusal is not None
    assert applied.refusal.param == "chat_template_kwargs"


LIMIT = clamp(max_tokens={"max": 100, "default": 50})


def test_the_token_limit_is_bounded_under_every_name_present() -> None:
    sent = apply(LIMIT, chat("Hi", max_tokens=1000, max_completion_tokens=2000)).body
    assert (sent["max_tokens"], sent["max_completion_tokens"]) == (100, 100)


def test_the_token_limit_gets_a_default_if_all_names_are_absent() -> None:
    body = chat("Hi", max_completion_tokens=7)
    assert apply(LIMIT, body).body is body
    assert apply(LIMIT, chat("Hi", max_completion_tokens=None)).body["max_tokens"] == 50


def test_the_rule_acts_on_text_completions() -> None:
    applied = apply(TEMPERATURE, {"model": "m", "prompt": "Once", "temperature": 2}, "completions")
    assert applied.body["temperature"] == 0.7


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"temperature": {"min": 1, "max": 0.5}}, "min 1 is greater than max 0.5"),
        ({"temperature": {"min": 1, "default": 0.5}}, "default 0.5 is out of bounds"),
        ({"temperature": {}}, "set min, max"),
        ({"temperature": {"value": 1, "max": 2}}, "excludes all other keys"),
        ({"temperature": {"drop": True, "default": 2}}, "excludes all other keys"),
        ({"temperature": {"value": None}}, "value cannot be null"),
        ({"temperature": {"max": "1"}}, "expected a number"),
        ({"temperature": {"max": True}}, "expected a number"),
        ({"temperature": {"max": float("inf")}}, "finite"),
        ({"max_tokens": {"max": 1}, "max_output_tokens": {"max": 1}}, "are one parameter"),
        ({"a..b": {"value": 1}}, "not a parameter name"),
        *(
            ({name: {"value": 1}}, "is protected")
            for name in ("model", "messages", "input", "prompt", "stream", "tools", "tools.x")
        ),
        ({}, "at least 1 item"),
    ],
)
def test_invalid_bounds_are_rejected_at_load(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        policy_of({"kind": "clamp", "parameters": parameters})


@pytest.mark.parametrize(
    ("rule", "max_model_len", "count"),
    [
        (LIMIT, 99, 1),
        (LIMIT, 100, 0),
        (LIMIT, None, 0),
        (clamp(top_k={"max": 500}), 99, 0),
        (clamp(max_tokens={"default": 500}), 99, 0),
    ],
)
def test_a_token_limit_above_the_context_length_is_reported(
    rule: dict[str, Any], max_model_len: int | None, count: int
) -> None:
    findings = probe_findings(rule, max_model_len=max_model_len)

    assert [finding.is_incompatible for finding in findings] == [False] * count
    assert all(finding.message == "max_tokens: max 100 exceeds the server's 99 tokens" for finding in findings)


@pytest.mark.parametrize(
    "rule", [clamp(stop={"append": ["a"]}), clamp(a={"rename": "b"}, b={"max": 1}), clamp(a={"rename": "b.c"})]
)
@pytest.mark.parametrize("value", [3, "x", ["x"], {"c": 1}, math.nan])
@pytest.mark.parametrize("name", ["stop", "a", "b"])
def test_the_cheap_look_never_accepts_what_is_rejected(rule: dict[str, Any], name: str, value: Any) -> None:
    (compiled,) = policy_of(rule).rules
    body = chat("Hi", **{name: value})
    if apply(rule, body).refusal is not None:
        assert compiled.can_reject
        assert not compiled.obviously_accepts(body)
