"""Reject: a request is refused with a message."""

from __future__ import annotations

from tests.support import apply, chat

RULE = {
    "kind": "reject",
    "message": "greedy decoding is off",
    "param": "temperature",
    "when": {"parameters": {"temperature": 0}},
}


def test_it_refuses_with_an_openai_error_body() -> None:
    applied = apply(RULE, chat("Hi", temperature=0))
    assert applied.refusal is not None
    assert applied.refusal.status == 400
    assert applied.refusal.body() == {
        "error": {
            "message": "greedy decoding is off",
            "type": "invalid_request_error",
            "param": "temperature",
            "code": "policy_violation",
        }
    }
    assert applied.decision.refused


def test_it_is_silent_where_its_condition_does_not_hold() -> None:
    body = chat("Hi", temperature=0.1)
    applied = apply(RULE, body)
    assert applied.refusal is None
    assert applied.body is body


def test_it_acts_on_text_completions() -> None:
    assert apply(RULE, {"model": "m", "prompt": "Once", "temperature": 0}, "completions").refusal is not None
