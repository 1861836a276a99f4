"""The value of a parameter moves to the name that the server reads."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy.wire import Endpoint
from tests.support.policies import BODIES, apply, chat, clamp


@pytest.mark.parametrize(
    ("rules", "given", "sent"),
    [
        ({"max_completion_tokens": {"rename": "max_tokens"}}, {"max_completion_tokens": 512}, {"max_tokens": 512}),
        ({"max_completion_tokens": {"rename": "max_tokens"}}, {"max_output_tokens": 512}, {"max_tokens": 512}),
        (
            {"max_completion_tokens": {"rename": "max_tokens"}, "max_tokens": {"max": 9}},
            {"max_completion_tokens": 512},
            {"max_tokens": 9},
        ),
        (
            {"max_tokens": {"max": 9, "default": 9}, "max_completion_tokens": {"rename": "max_tokens"}},
            {"max_completion_tokens": 512},
            {"max_tokens": 9},
        ),
        (
            {"max_tokens": {"rename": "max_completion_tokens"}, "max_completion_tokens": {"default": 9}},
            {},
            {"max_completion_tokens": 9},
        ),
        ({"max_tokens": {"rename": "max_completion_tokens"}}, {"max_tokens": 3}, {"max_completion_tokens": 3}),
        ({"n_predict": {"rename": "max_tokens"}}, {"n_predict": 3}, {"max_tokens": 3}),
        (
            {"n_predict": {"rename": "max_tokens"}},
            {"n_predict": 3, "max_completion_tokens": 4},
            {"max_completion_tokens": 4},
        ),
        ({"max_tokens": {"rename": "n_predict"}}, {"max_completion_tokens": 4}, {"n_predict": 4}),
        ({"temp": {"rename": "temperature"}, "temperature": {"max": 1}}, {"temp": 2}, {"temperature": 1}),
        ({"temp": {"rename": "temperature"}}, {"temp": 2, "temperature": 0}, {"temperature": 0}),
        ({"temp": {"rename": "temperature"}}, {"temp": 2, "temperature": None}, {"temperature": 2}),
        ({"temp": {"rename": "temperature"}}, {"temp": None}, {}),
        ({"temp": {"rename": "temperature"}}, {"temp": 0}, {"temperature": 0}),
        ({"b": {"rename": "c"}, "a": {"rename": "b"}}, {"a": 1}, {"c": 1}),
        ({"a": {"rename": "c"}, "b": {"rename": "c"}}, {"b": 2, "a": 1}, {"c": 1}),
        (
            {"thinking_budget": {"rename": "thinking.budget_tokens"}},
            {"thinking_budget": 5},
            {"thinking": {"budget_tokens": 5}},
        ),
        ({"options.seed": {"rename": "seed"}}, {"options": {"seed": 5, "x": 1}}, {"seed": 5, "options": {"x": 1}}),
    ],
)
def test_a_value_moves_to_its_new_name(rules: dict[str, Any], given: dict[str, Any], sent: dict[str, Any]) -> None:
    body = chat("Hi", **given)
    once = apply(clamp(**rules), body)
    assert once.body == chat("Hi", **sent)
    assert (once.body is body) is (given == sent)
    assert apply(clamp(**rules), once.body).body is once.body


@pytest.mark.parametrize(
    ("endpoint", "given", "sent"),
    [
        ("responses", {"max_completion_tokens": 5}, {"max_output_tokens": 5}),
        ("responses", {"max_output_tokens": 5}, {"max_output_tokens": 5}),
        ("completions", {"max_completion_tokens": 5}, {"max_tokens": 5}),
        ("messages", {"max_output_tokens": 5}, {"max_tokens": 5}),
    ],
)
@pytest.mark.parametrize("target", ["max_tokens", "max_completion_tokens"])
def test_a_rename_of_the_token_limit_leads_to_a_name_that_the_endpoint_reads(
    endpoint: Endpoint, target: str, given: dict[str, int], sent: dict[str, int]
) -> None:
    source = {"max_tokens": "max_completion_tokens"}.get(target, "max_tokens")
    once = apply(clamp(**{source: {"rename": target}}), {**BODIES[endpoint], **given}, endpoint)
    assert once.body == {**BODIES[endpoint], **sent}
    assert apply(clamp(**{source: {"rename": target}}), once.body, endpoint).body is once.body
