"""Bounds that depend on another parameter, and limits that the server cannot hold."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy import RequestContext
from prompt_policy.wire import Endpoint
from tests.support.policies import BODIES, apply, chat, clamp, reason


@pytest.mark.parametrize(
    ("rules", "given", "sent"),
    [
        (
            {"budget": {"max_of": "max_tokens", "minus": 1}},
            {"budget": 9, "max_tokens": 5},
            {"budget": 4, "max_tokens": 5},
        ),
        (
            {"budget": {"max_of": "max_tokens"}},
            {"budget": 9, "max_completion_tokens": "5"},
            {"budget": 5, "max_completion_tokens": "5"},
        ),
        (
            {"budget": {"max_of": "max_tokens"}},
            {"budget": 9, "max_completion_tokens": 7, "max_tokens": 3},
            {"budget": 3, "max_completion_tokens": 7, "max_tokens": 3},
        ),
        ({"budget": {"max_of": "max_tokens"}}, {"budget": 9}, {"budget": 9}),
        ({"budget": {"max_of": "max_tokens"}}, {"budget": 9, "max_tokens": None}, {"budget": 9, "max_tokens": None}),
        (
            {"budget": {"max_of": "max_tokens"}},
            {"budget": 9, "max_tokens": "many"},
            {"budget": 9, "max_tokens": "many"},
        ),
        ({"budget": {"max_of": "max_tokens"}}, {"max_tokens": 5}, {"max_tokens": 5}),
        (
            {"budget": {"max_of": "max_tokens", "minus": 10}},
            {"budget": 9, "max_tokens": 5},
            {"budget": 0, "max_tokens": 5},
        ),
        (
            {"budget": {"max_of": "max_tokens", "minus": 1, "min": 8}},
            {"budget": 1, "max_tokens": 5},
            {"budget": 8, "max_tokens": 5},
        ),
        (
            {"budget": {"max_of": "max_tokens", "max": 3}},
            {"budget": 9, "max_tokens": 5},
            {"budget": 3, "max_tokens": 5},
        ),
        ({"budget": {"max_of": "max_tokens", "default": 7}}, {"max_tokens": 5}, {"budget": 5, "max_tokens": 5}),
        ({"budget": {"max_of": "max_tokens", "default": 7}}, {}, {"budget": 7}),
        (
            {"budget": {"max_of": "max_tokens"}, "max_tokens": {"max": 5}},
            {"budget": 9, "max_tokens": 50},
            {"budget": 5, "max_tokens": 5},
        ),
        (
            {"budget": {"max_of": "max_tokens"}, "max_tokens": {"default": 5}},
            {"budget": 9},
            {"budget": 5, "max_tokens": 5},
        ),
        (
            {"thinking.budget_tokens": {"max_of": "max_tokens", "minus": 1}},
            {"thinking": {"budget_tokens": 9, "type": "enabled"}, "max_tokens": 5},
            {"thinking": {"budget_tokens": 4, "type": "enabled"}, "max_tokens": 5},
        ),
        ({"budget": {"max_of": "a.b"}}, {"budget": 9, "a": 3}, {"budget": 9, "a": 3}),
    ],
)
def test_another_parameter_is_the_upper_bound(
    rules: dict[str, Any], given: dict[str, Any], sent: dict[str, Any]
) -> None:
    body = chat("Hi", **given)
    once = apply(clamp(**rules), body)
    assert once.body == chat("Hi", **sent)
    assert (once.body is body) is (given == sent)
    assert apply(clamp(**rules), once.body).body is once.body


CONTEXT = RequestContext(max_model_len=100)


@pytest.mark.parametrize("spelling", ["max_tokens", "max_completion_tokens", "max_output_tokens"])
@pytest.mark.parametrize("endpoint", ["chat", "completions", "responses", "messages"])
@pytest.mark.parametrize("bounds", [{"default": 100}, {"value": 100}, {"default": 101, "max": 200}, {"value": "100"}])
def test_a_limit_that_the_context_cannot_hold_is_not_set(
    endpoint: Endpoint, spelling: str, bounds: dict[str, Any]
) -> None:
    body = BODIES[endpoint]
    applied = apply(clamp(**{spelling: bounds}), body, endpoint, CONTEXT)
    (outcome,) = applied.decision.outcomes
    assert applied.body is body
    assert outcome.result == "skipped"
    assert "does not fit the server's context of 100 tokens" in str(outcome.reason)


@pytest.mark.parametrize(
    ("bounds", "given", "sent"),
    [
        ({"default": 99}, None, 99),
        ({"value": 99}, 5, 99),
        ({"value": 100}, 5, 5),
        ({"min": 100}, 5, 5),
        ({"min": 99}, 5, 99),
        ({"max": 200}, 1000, 200),
        ({"max": 50}, 1000, 50),
        ({"default": 100}, 5, 5),
    ],
)
def test_the_context_bounds_what_is_set(bounds: dict[str, Any], given: int | None, sent: int) -> None:
    rule = clamp(max_tokens=bounds)
    once = apply(rule, chat("Hi", max_tokens=given), context=CONTEXT)
    assert once.body["max_tokens"] == sent
    assert apply(rule, once.body, context=CONTEXT).body is once.body


def test_other_changes_of_a_rule_are_made_although_a_limit_does_not_fit() -> None:
    applied = apply(clamp(max_tokens={"default": 100}, seed={"value": 1}), chat("Hi"), context=CONTEXT)
    assert applied.body == chat("Hi", seed=1)
    assert applied.decision.fired == ("clamp",)
    assert reason(applied) == "max_tokens 100 does not fit the server's context of 100 tokens"


def test_the_context_bounds_no_other_parameter() -> None:
    assert apply(clamp(top_k={"default": 500}), chat("Hi"), context=CONTEXT).body["top_k"] == 500
