"""A fake backend that answers with what it saw: ``python -m benchmarks.load.fake_backend PORT PAUSE_S``.

A fake, because the answers must tell their requests apart, and because failures are wanted: it answers 500 for the
model ``model-broken`` and breaks off in mid-stream for ``model-cut``. It is a bare ASGI application in a process of
its own, so that it is not what is measured.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn

from benchmarks.load.echo import PIECES, pieces, seen_in, told
from prompt_policy.wire.values import Json, JsonObject
from tests.e2e.fake_answers import events, whole
from tests.vectors.reading import PATHS

BROKEN: Final = "model-broken"
CUT: Final = "model-cut"
_ENDPOINTS: Final = {path: endpoint for endpoint, path in PATHS.items()}
_STREAM: Final = ("text/event-stream", 200)


class FakeBackend:
    """Answers, and counts: requests, streams open now and at most, and streams whose client went away."""

    def __init__(self, pause_s: float) -> None:
        self._pause_s = pause_s
        self.counts = {"requests": 0, "open": 0, "most_open": 0, "left": 0}

    async def __call__(self, scope: Json, receive: Json, send: Json) -> None:
        """Answer as ASGI applications do."""
        if scope["type"] != "http":
            return
        endpoint = _ENDPOINTS.get(scope["path"])
        if endpoint is None:
            await _answer(send, self.counts)
            return
        body = json.loads(await _body(receive))
        self.counts["requests"] += 1
        if body["model"] == BROKEN:
            await _answer(send, {"error": {"message": f"broken for {seen_in(body)}", "type": "server_error"}}, 500)
            return
        deltas = [{"content": piece} for piece in pieces(told(seen_in(body)))]
        if not body.get("stream"):
            await _answer(send, whole(endpoint, body, deltas))
            return
        with self._counted():
            sent = list(events(endpoint, body, deltas))
            if body["model"] == CUT:
                sent = sent[: len(sent) - PIECES // 2]
            if await self._stream(receive, send, sent) and body["model"] != CUT:
                await send({"type": "http.response.body", "body": b""})

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self.counts["open"] += 1
        self.counts["most_open"] = max(self.counts["most_open"], self.counts["open"])
        try:
            yield
        finally:
            self.counts["open"] -= 1

    async def _stream(self, receive: Json, send: Json, sent: list[str]) -> bool:
        """Send events one after the other; tell whether the client stayed."""
        gone = asyncio.ensure_future(receive())
        await _start(send, *_STREAM)
        try:
            for event in sent:
                await asyncio.wait({gone}, timeout=self._pause_s)
                if gone.done():
                    self.counts["left"] += 1
                    return False
                await send({"type": "http.response.body", "body": event.encode(), "more_body": True})
        finally:
            gone.cancel()
        return True


async def _body(receive: Json) -> bytearray:
    data = bytearray()
    while True:
        message = await receive()
        data += message.get("body", b"")
        if not message.get("more_body"):
            return data


async def _start(send: Json, kind: str, status: int) -> None:
    headers = [(b"content-type", kind.encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def _answer(send: Json, value: JsonObject, status: int = 200) -> None:
    await _start(send, "application/json", status)
    await send({"type": "http.response.body", "body": json.dumps(value).encode()})


if __name__ == "__main__":
    # A backend that closes idle connections sooner than LiteLLM does (15 s) makes it fail now and then, with 500.
    uvicorn.run(
        FakeBackend(float(sys.argv[2])), host="127.0.0.1", port=int(sys.argv[1]), timeout_keep_alive=600,
        log_level="critical", lifespan="off", ws="none", backlog=4096,
    )  # fmt: skip
