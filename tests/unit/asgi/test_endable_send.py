"""A guard ends the answer: the client has all of it, and the app stops as if the client had disconnected."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import Response

from prompt_policy.asgi import App, Message, PolicyMiddleware, Receive, Scope, Send
from tests.support.looping_app import LINE, LoopingApp, build_chunk_event
from tests.support.policies import chat, policy_of

SOON = {"kind": "stop_repetition", "min_chars": 100, "min_repeats": 3}
POLICY = policy_of(SOON)
PATH = "/v1/chat/completions"
SSE = (b"content-type", b"text/event-stream")


async def call(app: App, version: str) -> list[Message]:
    """Call an app whose server never reports that the client has disconnected; return the messages that it sent."""
    sent: list[Message] = []
    arriving = [{"type": "http.request", "body": json.dumps(chat("Hi", stream=True)).encode()}]

    async def receive() -> Message:
        if not arriving:
            await asyncio.Event().wait()
        return arriving.pop()

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": PATH, "headers": [], "asgi": {"spec_version": version}}
    await asyncio.wait_for(app({**scope, "query_string": b""}, receive, send), 30)
    return sent


def read(sent: list[Message]) -> str:
    return b"".join(message.get("body", b"") for message in sent).decode()


@pytest.mark.parametrize("version", ["2.0", "2.3", "2.4"])
async def test_app_that_streams_by_starlette_stops(version: str) -> None:
    looping = LoopingApp()
    sent = await call(PolicyMiddleware(looping.app, POLICY), version)

    assert looping.stopped.is_set()
    assert looping.sent < 20
    assert [message.get("more_body") for message in sent[1:]].count(False) == 1
    assert sent[-1]["more_body"] is False
    assert read(sent).endswith("data: [DONE]\n\n")


async def test_app_that_awaits_a_disconnect_receives_it() -> None:
    received: list[Message] = []

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        leaving = asyncio.ensure_future(receive())
        await send({"type": "http.response.start", "status": 200, "headers": [SSE]})
        while not leaving.done():
            await send({"type": "http.response.body", "body": build_chunk_event(LINE), "more_body": True})
            await asyncio.sleep(0)
        received.extend([leaving.result(), await receive()])

    await call(PolicyMiddleware(app, POLICY), "2.3")
    assert received == [{"type": "http.disconnect"}] * 2


async def test_client_that_disconnects_by_itself_is_reported() -> None:
    received: list[Message] = []

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        received.extend([await receive(), await receive()])

    async def receive() -> Message:
        return arriving.pop(0)

    async def send(message: Message) -> None:
        raise AssertionError(message)

    body = json.dumps(chat("Hi", stream=True)).encode()
    arriving: list[Message] = [{"type": "http.request", "body": body}, {"type": "http.disconnect"}]
    await PolicyMiddleware(app, POLICY)({"type": "http", "method": "POST", "path": PATH, "headers": []}, receive, send)
    assert [message["type"] for message in received] == ["http.request", "http.disconnect"]


async def test_error_of_the_app_is_not_hidden_by_the_end() -> None:
    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": [SSE]})
        try:
            while True:
                await send({"type": "http.response.body", "body": build_chunk_event(LINE), "more_body": True})
        except OSError:
            pass
        raise ValueError("a fault of the app")

    with pytest.raises(ValueError, match="a fault of the app"):
        await call(PolicyMiddleware(app, POLICY), "2.4")


async def test_stream_that_is_not_ended_passes() -> None:
    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": [SSE]})
        for text in ("Hello", " world"):
            await send({"type": "http.response.body", "body": build_chunk_event(text), "more_body": True})
        await send({"type": "http.response.body", "body": b"data: [DONE]\n\n"})

    sent = await call(PolicyMiddleware(app, POLICY), "2.3")
    assert [message["body"] for message in sent[1:]] == [
        build_chunk_event("Hello"), build_chunk_event(" world"), b"data: [DONE]\n\n"
    ]  # fmt: skip


class PassingMiddleware(BaseHTTPMiddleware):
    """A middleware that replaces ``receive`` and ``send`` by its own."""

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        """Pass the request on."""
        return await call_next(request)


def add_nothing(app: Any) -> Any:
    return PolicyMiddleware(app, POLICY)


def add_outside(app: Any) -> Any:
    app.add_middleware(PolicyMiddleware, policy=POLICY)
    app.add_middleware(PassingMiddleware)
    return app


@pytest.mark.parametrize("wrap", [add_nothing, add_outside])
@pytest.mark.parametrize("path", [PATH, "/v1/messages"])
def test_served_app_stops_and_the_connection_stays_usable(
    path: str, wrap: Callable[[Any], Any], serve_app: Callable[[Any], str]
) -> None:
    looping = LoopingApp()
    root = serve_app(wrap(looping.app))

    with httpx.Client(timeout=30) as client:
        for _ in range(2):
            looping.stopped.clear()
            looping.sent = 0
            response = client.post(f"{root}{path}", json={**chat("Hi", stream=True), "max_tokens": 5})
            assert looping.stopped.wait(10)
            assert looping.sent < 2000
            assert response.text.count(LINE[:-1]) == 128 // len(LINE)
            assert response.text.endswith("data: [DONE]\n\n" if path == PATH else '{"type":"message_stop"}\n\n')
