"""Kinds of requests whose answers, or requests, LiteLLM hides from its callbacks."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from tests.integration.litellm_proxy.calls.deployments import UNFILTERED
from tests.support.fake_backend import FakeBackend
from tests.support.litellm_proxy import KEY, Proxy
from tests.support.waiting import wait_until

HEADERS = {"Authorization": f"Bearer {KEY}"}


def ask(proxy: Proxy, alias: str, *frames: dict[str, Any]) -> list[dict[str, Any]]:
    """Send requests over one WebSocket, and return the last event of each answer."""
    answers = []
    url = f"{proxy.url.replace('http', 'ws', 1)}/v1/responses?model={alias}"
    with connect(url, additional_headers=HEADERS, open_timeout=30) as socket:
        for frame in frames:
            socket.send(json.dumps({"type": "response.create", **frame}))
            event: dict[str, Any] = {"type": ""}
            while event["type"] not in ("response.completed", "response.failed", "error"):
                event = json.loads(socket.recv(timeout=30))
            answers.append(event)
    return answers


@pytest.mark.parametrize("alias", ["vllm", "lm-studio", "vllm-as-chat"])
def test_policy_applies_over_a_websocket_without_a_prefill(
    calls_proxy: Proxy, backend: FakeBackend, alias: str
) -> None:
    before = calls_proxy.log.count('"policy":"guarded"')

    answers = ask(calls_proxy, alias, *[{"input": "Hi", "instructions": "SYS", "temperature": 1.0}] * 2)

    assert len(backend.bodies) == 2
    for body in backend.bodies:
        text = json.dumps(body.get("messages") or body["input"])
        assert (body["temperature"], body["top_k"], text.count("Cite."), text.count("SYS")) == (0.6, 5, 1, 1)
        assert "<think>" not in text
    [part] = answers[-1]["response"]["output"][-1]["content"]
    assert part["text"] == UNFILTERED
    wait_until(lambda: calls_proxy.log.count('"policy":"guarded"') == before + 2)
    assert calls_proxy.log.count("no policy covers answers over WebSockets") == 1


def test_frame_for_another_model_gets_that_models_policy(calls_proxy: Proxy, backend: FakeBackend) -> None:
    ask(calls_proxy, "vllm", {"input": "Hi", "temperature": 1.0, "model": "hosted_vllm/acme"})

    assert [(body["model"], body["temperature"]) for body in backend.bodies] == [("acme", 1.0)]


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("/v1/responses?model=openai", "requests over WebSockets that LiteLLM relays to the provider are not covered"),
        ("/v1/realtime?model=openai", "realtime sessions are not covered by any policy"),
    ],
)
def test_relayed_session_is_named_in_the_log(calls_proxy: Proxy, backend: FakeBackend, path: str, line: str) -> None:
    url = f"{calls_proxy.url.replace('http', 'ws', 1)}{path}"
    for _ in range(2):
        try:
            with connect(url, additional_headers=HEADERS, open_timeout=30) as socket:
                socket.send(json.dumps({"type": "response.create", "input": "Hi"}))
                socket.recv(timeout=30)
        except (WebSocketException, TimeoutError):  # the backend has no WebSockets
            pass
    wait_until(lambda: line in calls_proxy.log)
    assert calls_proxy.log.count(line) == 1


def test_own_pass_through_endpoint_is_named_in_the_log(calls_proxy: Proxy, backend: FakeBackend) -> None:
    for _ in range(2):
        response = httpx.post(
            f"{calls_proxy.url}/own", headers=HEADERS, json={"model": "acme", "messages": []}, timeout=60
        )
        assert response.status_code == 200
    assert calls_proxy.log.count("requests to LiteLLM's pass-through routes are not covered by any policy") == 1
