"""OpenAI clients of both kinds, asked in the same words, and apps that they talk to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class FakeServer:
    """An app that keeps what it was asked, and answers each request with what comes next."""

    def __init__(self, *answers: tuple[int, dict[str, str], Iterable[bytes]], pause_s: float = 0) -> None:
        self.answers = list(answers)
        self.pause_s = pause_s
        self.bodies: list[Any] = []
        self.headers: list[dict[str, str]] = []
        self.left = asyncio.Event()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        self.bodies.append(json.loads(body) if body.startswith(b"{") else body)
        self.headers.append({name.decode(): value.decode() for name, value in scope["headers"]})
        status, headers, pieces = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": encoded})
        leaving = asyncio.ensure_future(receive())
        for piece in pieces:
            if leaving.done():
                break
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await asyncio.sleep(self.pause_s)
        if leaving.done():
            self.left.set()
        leaving.cancel()
        await send({"type": "http.response.body"})


def whole(content: str) -> bytes:
    """Return a whole chat answer."""
    message = {"role": "assistant", "content": content}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return json.dumps(
        {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    ).encode()


def chunk(content: str, finish: str | None = None) -> bytes:
    """Return a streamed chunk of a chat answer."""
    choice = {"index": 0, "delta": {"content": content}, "finish_reason": finish}
    value = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return f"data: {json.dumps(value)}\n\n".encode()


JSON = {"content-type": "application/json"}
SSE = {"content-type": "text/event-stream"}
STREAM = [chunk("\n"), chunk("\nHel"), chunk("lo\n\n\n\n"), chunk("world\n", "stop"), b"data: [DONE]\n\n"]


async def result(value: Any) -> Any:
    """Return what a call of either kind of client brings."""
    return await value if hasattr(value, "__await__") else value


async def items(stream: Any) -> AsyncIterator[Any]:
    """Yield the items of a stream of either kind."""
    if hasattr(stream, "__aiter__"):
        async for item in stream:
            yield item
    else:
        for item in stream:
            yield item
            await asyncio.sleep(0)
