"""One request and its response as bytes, without I/O."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from prompt_policy import InternalError, PolicySet
from prompt_policy.runtime.exchange import Exchange, match_endpoint, open_exchange
from prompt_policy.runtime.resolver import PolicyResolver
from tests.support.policies import chat, policy_of

PATH = "/v1/chat/completions"
CLAMP = {"kind": "clamp", "parameters": {"temperature": {"max": 0.7}}}
SUFFIX = {"kind": "append_suffix", "text": "Step by step.", "when": {"task": "math"}}
NEVER_HOLDS = {"kind": "reject", "message": "no", "when": {"any": [{"all": [{"not": {"has_system": False}}]}]}}
STRIP = {"kind": "filter_whitespace"}
REJECT = {"kind": "reject", "message": "no", "when": {"has_tools": True}}


def open_for(body: Any, *rules: dict[str, Any], path: str = PATH, headers: Any = None, **keys: Any) -> Exchange:
    policy = policy_of(*rules, applies_to={"models": ["m"]}, **keys)
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return open_exchange(PolicyResolver(PolicySet([policy])), path, headers or {}, data)


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
def test_endpoint_is_matched_by_path(path: str, endpoint: str | None) -> None:
    assert match_endpoint(path) == endpoint


@pytest.mark.parametrize("path", [PATH, "/v1/completions"])
def test_changed_request_is_serialised(path: str) -> None:
    exchange = open_for({"model": "m", "temperature": 1.3, "prompt": "é", "messages": []}, CLAMP, path=path)

    assert json.loads(exchange.body) == {"model": "m", "temperature": 0.7, "prompt": "é", "messages": []}
    assert exchange.response_headers["x-prompt-policy-changed"] == "temperature=1.3>0.7"


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
def test_unchanged_body_is_the_same_object(body: bytes) -> None:
    assert open_for(body, CLAMP).body is body


def test_refusal_is_a_response() -> None:
    refusal = open_for({**chat("Hi", model="m"), "tools": [{}]}, REJECT).refusal

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
def test_ambiguous_body_is_refused(headers: dict[str, str], body: bytes, status: int) -> None:
    refusal = open_for(body, CLAMP, headers=headers).refusal

    assert refusal is not None
    assert refusal.status == status


@pytest.mark.parametrize("depth", range(900, 1000))
@pytest.mark.parametrize("path", [PATH, "/v1/messages"])
@pytest.mark.parametrize("place", ["metadata", "role"])
def test_nesting_at_the_parser_limit_is_not_an_internal_error(place: str, path: str, depth: int) -> None:
    deep = "[" * depth + "]" * depth
    role, metadata = (deep, "{}") if place == "role" else ('"user"', deep)
    body = f'{{"model":"m","temperature":9,"metadata":{metadata},"messages":[{{"role":{role},"content":"Hi"}}]}}'

    refusal = open_for(body.encode(), CLAMP, NEVER_HOLDS, path=path).refusal

    assert refusal is None or refusal.status == 400


def test_known_task_is_sent_as_header() -> None:
    body = chat("Solve x^2 - 5x + 6 = 0.", model="m")

    assert open_for(body, SUFFIX).headers == {"x-prompt-policy-task": "math"}
    assert open_for(body, CLAMP).headers == {}


@pytest.mark.parametrize(
    ("headers", "keys"), [({"x-prompt-policy-task": "other"}, {}), ({}, {"metadata": {"task": "other"}})]
)
def test_task_set_by_the_caller_is_used(headers: dict[str, str], keys: dict[str, Any]) -> None:
    exchange = open_for(chat("Solve x^2 - 5x + 6 = 0.", model="m", **keys), SUFFIX, headers=headers)

    assert b"Step by step" not in exchange.body


@pytest.mark.parametrize(
    ("status", "kind", "mode"),
    [
        (200, "application/json", "whole"),
        (200, "text/event-stream; charset=utf-8", "stream"),
        (200, "text/plain", None),
        (400, "application/json", None),
    ],
)
def test_response_mode_depends_on_status_and_type(status: int, kind: str, mode: str | None) -> None:
    assert open_for(chat("Hi", model="m"), STRIP).response_mode(status, kind, "") == mode
    assert open_for(chat("Hi", model="m"), CLAMP).response_mode(status, kind, "") is None


def test_compressed_answer_is_handled_by_on_error() -> None:
    with pytest.raises(InternalError):
        open_for(chat("Hi", model="m"), STRIP).response_mode(200, "application/json", "gzip")

    assert (
        open_for(chat("Hi", model="m"), STRIP, on_error="open").response_mode(200, "application/json", "gzip") is None
    )


def test_audit_mode_reads_no_answer() -> None:
    exchange = open_for(chat("Hi", model="m"), STRIP, mode="audit")
    added = {"type": "response.output_item.added", "item": {"content": [{"type": "output_text", "text": "Hi"}]}}
    event = f"data: {json.dumps(added)}\n\n".encode()

    assert not exchange.rewrites_response
    assert exchange.response_mode(200, "application/json", "gzip") is None
    assert exchange.create_stream_rewriter().feed(event) is event


def test_answers_are_rewritten() -> None:
    exchange = open_for(chat("Hi", model="m"), STRIP)
    body = json.dumps({"choices": [{"index": 0, "message": {"content": "\nHello\n"}}]}).encode()
    event = b'data: {"choices": [{"index": 0, "delta": {"content": "\\nHello"}}]}\n\n'

    assert json.loads(exchange.rewrite_body(body).body)["choices"][0]["message"]["content"] == "Hello"
    assert b'"Hello"' in exchange.create_stream_rewriter().feed(event)


@pytest.mark.parametrize("task", ["a task, and more", "x\r\ny: z", "数学", "x" * 65])
def test_task_that_is_not_a_name_is_redacted_in_headers(task: str) -> None:
    body = chat("Hi", model="m", metadata={"task": task})
    assert open_for(body, SUFFIX).headers == {"x-prompt-policy-task": "-"}


def test_path_with_trailing_newline_is_an_endpoint() -> None:
    assert match_endpoint("/v1/chat/completions\n") == "chat"
    assert match_endpoint("/v1/chat/completions\n\n") is None


@pytest.mark.parametrize("model", [{}, {"model": None}, {"model": ""}])
def test_require_model_refuses_requests_without_a_model(model: dict[str, Any]) -> None:
    body = json.dumps({"messages": [], **model}).encode()
    by_model = PolicyResolver(PolicySet([policy_of(SUFFIX, applies_to={"models": ["m"]})]))

    assert open_exchange(by_model, PATH, {}, body).refusal is None
    refusal = open_exchange(by_model, PATH, {}, body, require_model=True).refusal
    assert refusal is not None
    assert (refusal.status, json.loads(refusal.body)["error"]["param"]) == (400, "model")

    named = PolicyResolver(PolicySet([policy_of(SUFFIX)]), "test")
    assert open_exchange(named, PATH, {}, body, require_model=True).applied is not None


def test_a_header_is_read_by_a_condition_and_never_logged(caplog: pytest.LogCaptureFixture) -> None:
    rule = {**CLAMP, "when": {"headers": {"X-Tenant": {"contains": "acme"}}}}
    body = {"model": "m", "temperature": 1.3, "messages": []}
    with caplog.at_level(logging.DEBUG):
        assert open_for(body, rule, headers={"x-tenant": "acme-7f3"}).response_headers["x-prompt-policy-changed"]
        assert "x-prompt-policy-changed" not in open_for(body, rule, headers={"x-tenant": "other-9c1"}).response_headers
    assert caplog.records
    assert "acme-7f3" not in caplog.text
    assert "other-9c1" not in caplog.text


def test_host_settings_reach_the_conditions() -> None:
    rule = {**CLAMP, "when": {"provider": "vllm", "thinking": "off"}}
    resolver = PolicyResolver(PolicySet([policy_of(rule, applies_to={"models": ["m"]})]))
    body = json.dumps({"model": "m", "temperature": 1.3, "messages": []}).encode()

    def is_changed(**settings: Any) -> bool:
        return open_exchange(resolver, PATH, {}, body, **settings).body is not body

    assert is_changed(provider="vllm", thinking=False)
    assert not is_changed(provider="vllm", thinking=True)
    assert not is_changed(provider="vllm")
    assert not is_changed(thinking=False)


@pytest.mark.parametrize(("model", "policy"), [("m", "p@"), ("other", "none")])
def test_the_doctor_receives_the_policy_and_the_reason(model: str, policy: str) -> None:
    resolver = PolicyResolver(PolicySet([policy_of(CLAMP, name="p", applies_to={"models": ["m"]})]))
    body = json.dumps(chat("Hi", model=model, temperature=1)).encode()
    exchange = open_exchange(resolver, PATH, {}, body)
    headers = exchange.with_diagnosis(resolver, "asgi").response_headers
    assert headers["x-prompt-policy"].startswith(policy)
    assert headers["x-prompt-policy-reason"] == ("its name matches m" if model == "m" else "no pattern matches")
    assert "x-prompt-policy-host" not in exchange.response_headers


def test_the_doctor_receives_the_rule_that_refuses() -> None:
    resolver = PolicyResolver(PolicySet([policy_of(REJECT, name="p", applies_to={"models": ["m"]})]))
    exchange = open_exchange(resolver, PATH, {}, json.dumps(chat("Hi", model="m", tools=[{}])).encode())
    refusal = exchange.with_diagnosis(resolver, "asgi").refusal
    assert refusal is not None
    assert refusal.headers["x-prompt-policy-rules"].endswith("=refused")


def test_a_request_that_cannot_be_read_gets_no_diagnosis() -> None:
    resolver = PolicyResolver(PolicySet([policy_of(CLAMP, name="p", applies_to={"models": ["m"]})]))
    exchange = open_exchange(resolver, PATH, {"content-encoding": "gzip"}, b"\x1f\x8b")
    assert exchange.with_diagnosis(resolver, "asgi") is exchange
