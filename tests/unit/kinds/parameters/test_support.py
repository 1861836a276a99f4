"""A parameter that the server does not read is not set; other changes of the same rule happen."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy import RequestContext
from prompt_policy.kinds.base import Skip
from prompt_policy.kinds.parameters.support import join_skips
from prompt_policy.wire import Endpoint
from prompt_policy.wire.backends import find_limits
from tests.support.policies import BODIES, apply, chat, clamp, reason


def build_context(backend: str = "groq") -> RequestContext:
    return RequestContext(**find_limits(backend)._asdict())


@pytest.mark.parametrize(
    ("name", "bounds"),
    [
        ("top_k", {"default": 20}),
        ("top_k", {"value": 20}),
        ("top_k", {"default": 20, "max": 40}),
        ("stop_token_ids", {"append": [7]}),
        ("chat_template_kwargs__enable_thinking", {"value": False}),
        ("continue_final_message", {"default": True}),
    ],
)
@pytest.mark.parametrize("given", [{}, {"null": True}])
def test_an_unsupported_parameter_is_not_set(name: str, bounds: dict[str, Any], given: dict[str, bool]) -> None:
    body = chat("Hi", **({name.partition("__")[0]: None} if given else {}))
    applied = apply(clamp(**{name: bounds}), body, context=build_context())
    assert applied.body is body
    assert reason(applied) == f"not known to the backend groq: {name.replace('__', '.')}"
    assert applied.decision.outcomes[0].result == "skipped"
    assert apply(clamp(**{name: bounds}), body, context=build_context("vllm")).body is not body


def test_the_supported_parameters_of_the_same_rule_are_set() -> None:
    rule = clamp(temperature={"default": 0.6}, top_k={"default": 20}, min_p={"value": 0})
    applied = apply(rule, chat("Hi"), context=build_context())
    assert {key: value for key, value in applied.body.items() if key not in ("model", "messages")} == {
        "temperature": 0.6
    }
    assert applied.decision.fired == ("clamp",)
    assert reason(applied) == "not known to the backend groq: top_k, min_p"
    assert applied.decision.headers()["x-prompt-policy-changed"] == "temperature=unset>0.6"


def test_a_backend_that_reads_some_of_them_gets_those() -> None:
    rule = clamp(top_k={"default": 20}, min_tokens={"default": 1})
    applied = apply(rule, chat("Hi"), context=build_context("together_ai"))
    assert applied.body["top_k"] == 20
    assert reason(applied) == "not known to the backend together_ai: min_tokens"


@pytest.mark.parametrize(
    ("bounds", "given", "sent"),
    [
        ({"max": 40}, 100, 40),
        ({"default": 20, "max": 40}, 100, 40),
        ({"value": 20}, 5, 20),
        ({"drop": True}, 5, None),
    ],
)
def test_what_the_client_sent_is_still_bounded_and_removed(bounds: dict[str, Any], given: int, sent: int) -> None:
    applied = apply(clamp(top_k=bounds), chat("Hi", top_k=given), context=build_context())
    assert applied.body.get("top_k") == sent
    assert reason(applied) is None


def test_bounds_of_an_absent_parameter_have_no_reason() -> None:
    body = chat("Hi")
    for bounds in ({"max": 40}, {"drop": True}, {"remove": [1]}):
        applied = apply(clamp(top_k=bounds), body, context=build_context())
        assert (applied.body is body, reason(applied)) == (True, None)


@pytest.mark.parametrize(("given", "why"), [({"repeat_penalty": 1.1}, True), ({}, False)])
def test_a_value_is_not_renamed_to_an_unsupported_name(given: dict[str, Any], why: bool) -> None:
    body = chat("Hi", **given)
    applied = apply(clamp(repeat_penalty={"rename": "repetition_penalty"}), body, context=build_context())
    assert applied.body is body
    assert reason(applied) == ("not known to the backend groq: repetition_penalty" if why else None)


@pytest.mark.parametrize(("endpoint", "sent"), [("messages", 20), ("chat", None), ("responses", None)])
def test_a_parameter_of_the_endpoints_own_api_is_set_on_every_backend(endpoint: Endpoint, sent: int | None) -> None:
    applied = apply(clamp(top_k={"default": 20}), BODIES[endpoint], endpoint, build_context())
    assert applied.body.get("top_k") == sent


def test_equal_reasons_are_joined() -> None:
    skips = [Skip("not known: a"), Skip("max_tokens 9 does not fit"), Skip("not known: b.c"), Skip("not sent: d")]
    assert join_skips(skips) == "not known: a, b.c; max_tokens 9 does not fit; not sent: d"
