"""A policy applies exactly once, to the request that LiteLLM sends, whatever endpoint the client uses."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.integration.litellm_proxy.calls.deployments import FILTERED, OPENING
from tests.integration.litellm_proxy.client import post
from tests.support.fake_backend import FakeBackend
from tests.support.litellm_proxy import Proxy
from tests.support.marks import WHOLE_AND_STREAMED
from tests.support.responses import PATHS, read_texts

USER = [{"role": "user", "content": "Hi"}]
BODIES: dict[str, dict[str, Any]] = {
    "chat": {"messages": [{"role": "system", "content": "SYS"}, *USER], "max_tokens": 50},
    "responses": {"input": "Hi", "instructions": "SYS", "max_output_tokens": 50},
    "messages": {"messages": USER, "system": "SYS", "max_tokens": 50},
}
LIMITS = {"chat": "max_tokens", "responses": "max_output_tokens", "messages": "max_tokens"}
ROUTES = pytest.mark.parametrize(
    ("alias", "endpoint", "sent_to"),
    [
        ("vllm", "chat", "chat"),
        ("vllm", "responses", "responses"),
        ("vllm", "messages", "chat"),
        ("openai", "responses", "responses"),
        ("openai", "messages", "responses"),
        ("native-messages", "messages", "messages"),
        ("minimax", "messages", "messages"),
        ("lm-studio", "responses", "chat"),
        ("lm-studio", "messages", "chat"),
        ("vllm-as-chat", "responses", "chat"),
        ("responses-only", "chat", "responses"),
        ("responses-only", "responses", "responses"),
        ("responses-only", "messages", "responses"),
    ],
)


def send(proxy: Proxy, endpoint: str, **body: Any) -> httpx.Response:
    return post(proxy, PATHS[endpoint].removeprefix("/v1/"), **{**BODIES[endpoint], "temperature": 1.0, **body})


@ROUTES
@WHOLE_AND_STREAMED
def test_policy_applies_once(
    calls_proxy: Proxy, backend: FakeBackend, alias: str, endpoint: str, sent_to: str, stream: bool
) -> None:
    response = send(calls_proxy, endpoint, model=alias, stream=stream)

    assert response.status_code == 200, response.text
    assert backend.paths == [PATHS[sent_to]]
    (body,) = backend.bodies
    text = json.dumps(body)
    assert (body["temperature"], body["top_k"], body[LIMITS[sent_to]]) == (0.6, 5, 20)
    assert (text.count("Cite."), text.count("SYS")) == (1, 1)
    assert not body.get("system")
    assert not body.get("instructions")
    prefills = sent_to != "messages"
    assert text.count("<think>") == prefills
    assert body.get("continue_final_message", False) is (sent_to == "chat")
    expected = OPENING + FILTERED if prefills else FILTERED
    assert read_texts(endpoint, response.text, stream=stream)["content"] == expected
    assert response.headers["x-prompt-policy"].startswith("guarded@")
    applied = ["cap", "fixed", "cite", "fold", *(["start"] if prefills else [])]
    assert response.headers["x-prompt-policy-applied"].split(",") == applied


@ROUTES
def test_request_is_refused_whatever_lies_behind(
    calls_proxy: Proxy, backend: FakeBackend, alias: str, endpoint: str, sent_to: str
) -> None:
    evil = json.loads(json.dumps(BODIES[endpoint]).replace("SYS", "EVIL"))

    response = send(calls_proxy, endpoint, model=alias, **evil)

    assert response.status_code == 400
    assert "no evil" in response.text
    assert backend.bodies == []


@pytest.mark.parametrize("alias", ["native-messages", "minimax"])
def test_extra_body_hides_no_parameter_of_native_messages(calls_proxy: Proxy, backend: FakeBackend, alias: str) -> None:
    response = send(
        calls_proxy, "messages", model=alias, max_tokens=900, extra_body={"temperature": 0.6, "max_tokens": 9}
    )

    (body,) = backend.bodies
    assert (body["temperature"], body["max_tokens"]) == (0.6, 20)
    assert response.headers["x-prompt-policy-changed"].startswith("max_tokens=900>20")


def test_headers_do_not_name_parameters_that_litellm_drops(calls_proxy: Proxy, backend: FakeBackend) -> None:
    native = send(calls_proxy, "messages", model="dropping")
    converted = send(calls_proxy, "messages", model="sending")

    assert ["min_p" in body for body in backend.bodies] == [False, True]
    assert ["min-p" in each.headers["x-prompt-policy-applied"] for each in (native, converted)] == [False, True]
    assert ["min_p" in each.headers["x-prompt-policy-changed"] for each in (native, converted)] == [False, True]
