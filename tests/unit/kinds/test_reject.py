"""Reject: a request is rejected with a message."""

from __future__ import annotations

import pytest

from prompt_policy.wire import Endpoint
from tests.support.policies import apply, chat

RULE = {
    "kind": "reject",
    "message": "greedy decoding is off",
    "param": "temperature",
    "when": {"parameters": {"temperature": 0}},
}


def test_a_rejection_has_an_openai_error_body() -> None:
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


def test_a_request_without_the_condition_passes() -> None:
    body = chat("Hi", temperature=0.1)
    applied = apply(RULE, body)
    assert applied.refusal is None
    assert applied.body is body


def test_the_rule_acts_on_text_completions() -> None:
    assert apply(RULE, {"model": "m", "prompt": "Once", "temperature": 0}, "completions").refusal is not None


TYPES = [
    ("text", "text"),
    ("input_text", "text"),
    ("output_text", "text"),
    ("refusal", "refusal"),
    ("thinking", "thinking"),
]
HIDDEN = [{"type": "text", "text": "Hi"}]


@pytest.mark.parametrize(("kind", "key"), TYPES)
@pytest.mark.parametrize(("role", "condition"), [("user", "last_user"), ("system", "system"), ("developer", "system")])
@pytest.mark.parametrize(
    ("endpoint", "field"), [("chat", "messages"), ("responses", "input"), ("messages", "messages")]
)
def test_no_type_of_part_hides_a_text(
    kind: str, key: str, role: str, condition: str, endpoint: Endpoint, field: str
) -> None:
    """These are the types that vLLM reads as text, in every role."""
    rule = {"kind": "reject", "message": "no", "when": {condition: {"contains": "BOMB"}}}
    parts = [*HIDDEN, {"type": kind, key: "A BOMB."}]
    role = "system" if endpoint == "messages" and role == "developer" else role
    body = {field: [{"role": role, "content": parts}, *([{"role": "user", "content": "Hi"}] if role != "user" else [])]}
    assert apply(rule, body, endpoint).refusal is not None
    body = {field: [{"role": role, "content": [*HIDDEN, {"type": kind, key: "A BOAT."}]}]}
    assert apply(rule, body, endpoint).refusal is None
