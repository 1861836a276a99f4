"""An ASGI app that hands requests on to another server: what vLLM is to the middleware, with another's faults."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

import httpx

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
_HOP = (b"host", b"content-length", b"connection", b"transfer-encoding")


@dataclass
class Relay:
    """Hands requests on to ``url``; when its caller goes away, so does it. ``tasks`` are its requests."""

    url: str
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = await _body(receive)
        relaying = asyncio.ensure_future(self._hand_on(scope, body, send))
        leaving = asyncio.ensure_future(_left(receive))
        self.tasks |= {relaying, leaving}
        try:
            await asyncio.wait([relaying, leaving], return_when=asyncio.FIRST_COMPLETED)
            if relaying.done():
                relaying.result()
        finally:
            for task in (relaying, leaving):
                task.cancel()
            await asyncio.gather(relaying, leaving, return_exceptions=True)
            self.tasks -= {relaying, leaving}

    async def _hand_on(self, scope: Message, body: bytes, send: Send) -> None:
        headers = [(name, value) for name, value in scope["headers"] if name not in _HOP]
        url = self.url.removesuffix("/v1") + scope["path"]
        async with (
            httpx.AsyncClient(timeout=None, trust_env=False) as client,
            client.stream("POST", url, headers=headers, content=body) as answer,
        ):
            kept = [(name.lower(), value) for name, value in answer.headers.raw if name.lower() not in _HOP[2:]]
            await send({"type": "http.response.start", "status": answer.status_code, "headers": kept})
            async for piece in answer.aiter_raw():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _body(receive: Receive) -> bytes:
    pieces, more = [], True
    while more:
        message = await receive()
        pieces.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(pieces)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
