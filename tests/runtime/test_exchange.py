"""One request and its response as bytes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from prompt_policy import Fault, PolicySet
from prompt_policy.runtime.exchange import Exchange, endpoint_of, open_exchange
from prompt_policy.runtime.policing import Policing
from tests.support import chat, policy_of

PATH = "/v1/chat/completions"
CLAMP = {"kind": "clamp", "parameters": {"temperature": {"max": 0.7}}}
SUFFIX = {"kind": "append_suffix", "text": "Step by step.", "when": {"task": "math"}}
NOT_ASKED = {"kind": "reject", "message": "no", "when": {"any": [{"all": [{"not": {"has_system": False}}]}]}}
TIDY = {"kind": "filter_whitespace"}
REJECT = {"kind": "reject", "message": "no", "when": {"has_tools": True}}


def opened(body: Any, *rules: dict[str, Any], path: str = PATH, headers: Any = None, **keys: Any) -> Exchange:
    policy = policy_of(*rules, applies_to={"models": ["m"]}, **keys)
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return open_exchange(Policing(PolicySet([policy])), path, headers or {}, data)


@pytest.mark.parametrize(
    ("path", "endpoint"),
    [
        ("/v1/chat/completions", "chat"),
        ("/llm/v1/chat/completions", "chat"),
        ("/v1/completions", "completions"),
        ("/v1/chat/completions/render", None),
        ("/v1/responses", "responses"),
        ("/v1/messages", "messages"),
        ("/v1/messages/count_tokens", None),
        ("/v1/threads/t/messages", None),
        ("/tokenize", None),
    ],
)
def test_the_path_tells_the_endpoint(path: str, endpoint: str | None) -> None:
    assert endpoint_of(path) == endpoint


@pytest.mark.parametrize("path", [PATH, "/v1/completions"])
def test_a_changed_request_is_written_anew(path: str) -> None:
    exchange = opened({"model": "m", "temperature": 1.3, "prompt": "é", "messages": []}, CLAMP, path=path)

    assert json.loads(exchange.body) == {"model": "m", "temperature": 0.7, "prompt": "é", "messages": []}
    assert exchange.answer_headers["x-prompt-policy-changed"] == "temperature=1.3>0.7"


@pytest.mark.parametrize(
    "body",
    [
        b'{"model" : "m", "temperature":0.70}',  # nothing to change
        b'{"model":"other","temperature":1.3}',  # no policy
        b'{"model":"m","temperature":1.3',  # not JSON
        b"[1]",
        b"",
    ],
)
def test_what_no_rule_changes_goes_on_as_the_very_bytes(body: bytes) -> None:
    assert opened(body, CLAMP).body is body


def test_a_refusal_is_a_response() -> None:
    refusal = opened({**chat("Hi", model="m"), "tools": [{}]}, REJECT).refusal

    assert refusal is not None
    assert (refusal.status, json.loads(refusal.body)["error"]["code"]) == (400, "policy_violation")
    assert refusal.headers["x-prompt-policy"].startswith("test@")


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"content-encoding": "gzip"}, b"\x1f\x8b", 415),
        ({}, b'{"model":"m","a":' + b"[" * 200_000, 400),
        ({}, b'{"model":"m","temperature":1.3,"a":"\xff"}', 400),
        ({}, b'{"model":"m","temperature":1.3,"a":' + b"9" * 5000 + b"}", 400),
        ({}, b'{"model":"m","temperature":1.3} x', 400),
    ],
)
def test_what_cannot_be_read_and_might_be_understood_by_the_server_is_refused(
    headers: dict[str, str], body: bytes, status: int
) -> None:
    refusal = opened(body, CLAMP, headers=headers).refusal

    assert refusal is not None
    assert refusal.status == status


@pytest.mark.parametrize("depth", range(900, 1000))
@pytest.mark.parametrize("path", [PATH, "/v1/messages"])
@pytest.mark.parametrize("place", ["metadata", "role"])
def test_nesting_at_the_edge_of_what_can_be_read_is_no_fault(place: str, path: str, depth: int) -> None:
    deep = "[" * depth + "]" * depth
    role, metadata = (deep, "{}") if place == "role" else ('"user"', deep)
    body = f'{{"model":"m","temperature":9,"metadata":{metadata},"messages":[{{"role":{role},"content":"Hi"}}]}}'

    refusal = opened(body.encode(), CLAMP, NOT_ASKED, path=path).refusal

    assert refusal is None or refusal.status == 400


def test_the_verdict_on_the_task_goes_along() -> None:
    asked = chat("Solve x^2 - 5x + 6 = 0.", model="m")

    assert opened(asked, SUFFIX).headers == {"x-prompt-policy-task": "math"}
    assert opened(asked, CLAMP).headers == {}


@pytest.mark.parametrize(
    ("headers", "keys"), [({"x-prompt-policy-task": "other"}, {}), ({}, {"metadata": {"task": "other"}})]
)
def test_the_callers_word_for_the_task_holds(headers: dict[str, str], keys: dict[str, Any]) -> None:
    exchange = opened(chat("Solve x^2 - 5x + 6 = 0.", model="m", **keys), SUFFIX, headers=headers)

    assert b"Step by step" not in exchange.body


@pytest.mark.parametrize(
    ("status", "kind", "form"),
    [
        (200, "application/json", "whole"),
        (200, "text/event-stream; charset=utf-8", "stream"),
        (200, "text/plain", None),
        (400, "application/json", None),
    ],
)
def test_the_form_of_the_response_tells_how_it_is_rewritten(status: int, kind: str, form: str | None) -> None:
    assert opened(chat("Hi", model="m"), TIDY).form(status, kind, "") == form
    assert opened(chat("Hi", model="m"), CLAMP).form(status, kind, "") is None


def test_a_compressed_answer_meets_the_policys_failure_mode() -> None:
    with pytest.raises(Fault):
        opened(chat("Hi", model="m"), TIDY).form(200, "application/json", "gzip")

    assert opened(chat("Hi", model="m"), TIDY, on_error="open").form(200, "application/json", "gzip") is None


def test_under_audit_no_answer_is_read() -> None:
    exchange = opened(chat("Hi", model="m"), TIDY, mode="audit")
    added = {"type": "response.output_item.added", "item": {"content": [{"type": "output_text", "text": "Hi"}]}}
    event = f"data: {json.dumps(added)}\n\n".encode()

    assert not exchange.rewrites
    assert exchange.form(200, "application/json", "gzip") is None
    assert exchange.stream().feed(event) is event


def test_answers_are_rewritten() -> None:
    exchange = opened(chat("Hi", model="m"), TIDY)
    body = json.dumps({"choices": [{"index": 0, "message": {"content": "\nHello\n"}}]}).encode()
    event = b'data: {"choices": [{"index": 0, "delta": {"content": "\\nHello"}}]}\n\n'

    assert json.loads(exchange.whole(body).body)["choices"][0]["message"]["content"] == "Hello"
    assert b'"Hello"' in exchange.stream().feed(event)


@pytest.mark.parametrize("task", ["a task, and more", "x\r\ny: z", "数学", "x" * 65])
def test_a_callers_word_that_is_no_name_does_not_become_a_header(task: str) -> None:
    asked = chat("Hi", model="m", metadata={"task": task})
    assert opened(asked, SUFFIX).headers == {"x-prompt-policy-task": "-"}


def test_a_path_that_starlette_takes_for_an_endpoint_is_one() -> None:
    assert endpoint_of("/v1/chat/completions\n") == "chat"
    assert endpoint_of("/v1/chat/completions\n\n") is None


@pytest.mark.parametrize("model", [{}, {"model": None}, {"model": ""}])
def test_where_the_server_has_a_model_of_its_own_a_request_must_name_one(model: dict[str, Any]) -> None:
    body = json.dumps({"messages": [], **model}).encode()
    chosen = Policing(PolicySet([policy_of(SUFFIX, applies_to={"models": ["m"]})]))

    assert open_exchange(chosen, PATH, {}, body).refusal is None
    refusal = open_exchange(chosen, PATH, {}, body, must_name_model=True).refusal
    assert refusal is not None
    assert (refusal.status, json.loads(refusal.body)["error"]["param"]) == (400, "model")

    bound = Policing(PolicySet([policy_of(SUFFIX)]), "test")
    assert open_exchange(bound, PATH, {}, body, must_name_model=True).applied is not None
