"""An ASGI app that forwards requests to another server, so that middleware can stand before that server."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import httpx

from tests.support.fake_backend import Message, Receive, Send, read_body

_HOP_BY_HOP = (b"host", b"content-length", b"connection", b"transfer-encoding")


@dataclass
class Relay:
    """Forward requests to ``url``; a request ends when its client disconnects. ``tasks`` are those in progress."""

    url: str
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = await read_body(receive)
        relaying = asyncio.ensure_future(self._forward(scope, body, send))
        leaving = asyncio.ensure_future(_wait_for_disconnect(receive))
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

    async def _forward(self, scope: Message, body: bytes, send: Send) -> None:
        headers = [(name, value) for name, value in scope["headers"] if name not in _HOP_BY_HOP]
        url = self.url.removesuffix("/v1") + scope["path"]
        async with (
            httpx.AsyncClient(timeout=None, trust_env=False, verify=False) as client,
            client.stream(scope["method"], url, headers=headers, content=body) as answer,
        ):
            forwarded = [
                (name.lower(), value) for name, value in answer.headers.raw if name.lower() not in _HOP_BY_HOP[2:]
            ]
            await send({"type": "http.response.start", "status": answer.status_code, "headers": forwarded})
            async for piece in answer.aiter_raw():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
