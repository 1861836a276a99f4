"""The steps of a clamp: a token limit counts only under a name that the endpoint reads."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy.wire import Endpoint
from tests.support.policies import BODIES, apply, chat, clamp

FOREIGN: list[tuple[Endpoint, str, list[str]]] = [
    ("chat", "max_tokens", ["max_output_tokens"]),
    ("responses", "max_output_tokens", ["max_tokens", "max_completion_tokens"]),
    ("messages", "max_tokens", ["max_completion_tokens", "max_output_tokens"]),
    ("completions", "max_tokens", ["max_completion_tokens", "max_output_tokens"]),
]
EACH_FOREIGN = pytest.mark.parametrize(
    ("endpoint", "own", "foreign"), [(endpoint, own, name) for endpoint, own, names in FOREIGN for name in names]
)


@EACH_FOREIGN
@pytest.mark.parametrize("spelling", ["max_tokens", "max_completion_tokens", "max_output_tokens"])
@pytest.mark.parametrize(
    ("bounds", "given", "sent"),
    [
        ({"max": 20, "default": 20}, 1, 1),
        ({"max": 20, "default": 20}, 1000, 20),
        ({"max": 20}, "1000", 20),
        ({"min": 20}, 1, 20),
        ({"value": 20}, 1, 20),
        ({"default": 20}, 7, 7),
        ({"default": 20}, None, 20),
        ({"max": 20}, None, None),
    ],
)
def test_a_token_limit_that_the_endpoint_does_not_read_is_renamed(
    endpoint: Endpoint, own: str, foreign: str, spelling: str, bounds: dict[str, Any], given: Any, sent: Any
) -> None:
    rule = clamp(**{spelling: bounds})
    own = spelling if endpoint == "chat" and spelling == "max_completion_tokens" else own

    once = apply(rule, {**BODIES[endpoint], foreign: given}, endpoint)

    wanted = {} if sent is None else {own: sent}
    assert {key: value for key, value in once.body.items() if key.startswith("max_")} == wanted
    assert apply(rule, once.body, endpoint).body is once.body


@EACH_FOREIGN
@pytest.mark.parametrize("bounds", [{"max": 20, "default": 20}, {"value": 20}])
def test_a_name_that_the_endpoint_reads_takes_precedence(
    endpoint: Endpoint, own: str, foreign: str, bounds: dict[str, Any]
) -> None:
    rule = clamp(max_tokens=bounds)
    once = apply(rule, {**BODIES[endpoint], foreign: 1, own: 1000}, endpoint)
    assert {key: value for key, value in once.body.items() if key.startswith("max_")} == {own: 20}
    assert apply(rule, once.body, endpoint).body is once.body


def test_two_foreign_names_become_one() -> None:
    body = {"model": "m", "input": "Hi", "max_tokens": 5, "max_completion_tokens": 7}
    sent = apply(clamp(max_tokens={"max": 100}), body, "responses").body
    assert sent == {"model": "m", "input": "Hi", "max_output_tokens": 7}


def test_a_foreign_name_that_no_rule_names_is_left_to_the_server() -> None:
    body = chat("Hi", max_output_tokens=7)
    assert apply(clamp(temperature={"max": 1}), body).body is body


def test_dropping_the_token_limit_removes_every_name() -> None:
    sent = apply(clamp(max_tokens={"drop": True}), chat("Hi", max_output_tokens=7, max_completion_tokens=8)).body
    assert sent == chat("Hi")


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_the_token_limit_is_bounded_under_each_name_of_chat(name: str) -> None:
    assert apply(clamp(max_tokens={"max": 100}), chat("Hi", **{name: 1000})).body[name] == 100


@pytest.mark.parametrize(
    ("name", "sent"), [("max_completion_tokens", "max_completion_tokens"), ("max_output_tokens", "max_tokens")]
)
def test_a_default_is_set_under_the_name_of_the_rule_if_chat_reads_it(name: str, sent: str) -> None:
    assert apply(clamp(**{name: {"default": 5}}), chat("Hi")).body == chat("Hi", **{sent: 5})
