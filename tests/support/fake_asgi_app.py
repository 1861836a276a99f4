"""A fake ASGI app, and a server's part of one request to an app, in process.

No server runs here, so that a test decides how a body is cut and sees each message. ``fake_backend`` is served over
loopback instead. Nothing in here waits, so that a test can drive the coroutines without an event loop.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]


class FakeAsgiApp:
    """An app that records one request and answers with fixed pieces.

    ``scope`` is empty until it is called; ``after`` is the message that follows the answer.
    """

    def __init__(self, pieces: Iterable[bytes], *headers: Header, status: int = 200) -> None:
        self.pieces = list(pieces)
        self.headers = headers
        self.status = status
        self.scope: Message = {}
        self.body = b""
        self.after: Message = {}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Record the request, then answer."""
        self.scope = scope
        more = True
        while more:
            message = await receive()
            self.body += message.get("body", b"")
            more = message.get("more_body", False)
        await send({"type": "http.response.start", "status": self.status, "headers": list(self.headers)})
        for piece in self.pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body"})
        self.after = await receive()


class Response:
    """What the client gets."""

    def __init__(self, messages: list[Message]) -> None:
        self.messages = messages
        self.status = messages[0]["status"]
        self.headers = {name.decode(): value.decode() for name, value in messages[0]["headers"]}
        self.body = b"".join(message.get("body", b"") for message in messages[1:])
        assert not messages[-1].get("more_body", False)

    @property
    def json(self) -> Any:
        """The body's value."""
        return json.loads(self.body)


async def call_app(
    app: App, pieces: Sequence[bytes], *, path: str, method: str = "POST", headers: Iterable[Header] = ()
) -> Response:
    """Call an app with a body in pieces, as a server does, and return its response."""
    arriving: list[Message] = [
        {"type": "http.request", "body": piece, "more_body": i < len(pieces) - 1} for i, piece in enumerate(pieces)
    ]
    messages: list[Message] = []

    async def receive() -> Message:
        return arriving.pop(0) if arriving else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        messages.append(message)

    await app({"type": "http", "method": method, "path": path, "headers": list(headers)}, receive, send)
    return Response(messages)
