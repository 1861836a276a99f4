"""An ASGI app driven by hand, without a server or an event loop, so that only the app's own work is measured."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Sequence
from itertools import cycle
from typing import Any, Final

from prompt_policy.asgi import App, Message, Receive, Scope, Send

PATH: Final = "/v1/chat/completions"


def build_scope(body: bytes) -> Scope:
    """Return the scope of a POST to chat completions with the headers of OpenAI's client."""
    headers = {
        "host": "127.0.0.1:8000", "accept": "application/json", "accept-encoding": "gzip, deflate",
        "connection": "keep-alive", "user-agent": "OpenAI/Python 2.20.0", "content-type": "application/json",
        "authorization": "Bearer none", "content-length": str(len(body)),
    }  # fmt: skip
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "method": "POST", "path": PATH, "raw_path": PATH.encode(), "query_string": b"",
            "root_path": "", "scheme": "http", "http_version": "1.1", "headers": raw,
            "client": ("127.0.0.1", 50000), "server": ("127.0.0.1", 8000), "asgi": {"version": "3.0"}}  # fmt: skip


def build_whole_app(answer: bytes, content_type: str = "application/json") -> App:
    """Return an app that reads the request and answers at once with the same bytes."""
    headers = [(b"content-type", content_type.encode()), (b"content-length", str(len(answer)).encode())]

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": list(headers)})
        await send({"type": "http.response.body", "body": answer})

    return app


def run_request(app: App, request: dict[str, Any]) -> Callable[[], None]:
    """Return a call that sends a request to an app and drives it to its end."""
    body = json.dumps(request).encode()
    scope = build_scope(body)

    def run() -> None:
        coroutine = app(dict(scope), _receive_once(body), ignore)
        try:
            coroutine.send(None)  # type: ignore[attr-defined]  # apps are async functions
        except StopIteration:
            return
        raise RuntimeError("the app waits for an event that never occurs")

    return run


def build_stream_app(chunks: Sequence[bytes]) -> App:
    """Return an app that streams the same events again and again, and pauses after each."""

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        headers = [(b"content-type", b"text/event-stream; charset=utf-8")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for chunk in cycle(chunks):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await _Pause()

    return app


async def ignore(_message: Message) -> None:
    """Drop a message that an app sends."""


class OpenStream:
    """An exchange with an app of ``build_stream_app``, alone or behind a middleware, that has sent its first chunk.

    Arguments:
        app: the app.
        request: the request.
        send: receives what the app sends.
    """

    def __init__(self, app: App, request: dict[str, Any], send: Send = ignore) -> None:
        body = json.dumps(request).encode()
        self._coroutine: Any = app(build_scope(body), _receive_once(body), send)
        self.step()

    def step(self) -> None:
        """Have the app send one more chunk."""
        self._coroutine.send(None)

    def close(self) -> None:
        """End the exchange as a server does when the client disconnects."""
        self._coroutine.close()


class _Pause:
    """Returns control to the caller of ``step``."""

    def __await__(self) -> Generator[None, None, None]:
        yield


def _receive_once(body: bytes) -> Receive:
    messages: list[Message] = [{"type": "http.disconnect"}, {"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return messages.pop()  # removes the last reference to the body here

    return receive
