"""A fake backend that describes the request in its answer: ``python -m benchmarks.load.fake_backend PORT PAUSE_S``.

It is a fake because each answer must identify its request, and because failures must occur on purpose. It returns 500
for the model ``model-broken`` and breaks off the stream for ``model-cut``. It is a bare ASGI application in its own
process, so that it costs little.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn

from benchmarks.load.echo import PIECES, build_answer_text, describe_body, split_answer
from prompt_policy.wire.values import Json, JsonObject
from tests.support.fake_answers import build_answer, build_events
from tests.support.responses import PATHS

BROKEN: Final = "model-broken"
CUT: Final = "model-cut"
_ENDPOINTS: Final = {path: endpoint for endpoint, path in PATHS.items()}
_STREAM: Final = ("text/event-stream", 200)


class FakeBackend:
    """Answers requests, and counts them, the open streams, and the streams whose client disconnected."""

    def __init__(self, pause_s: float) -> None:
        self._pause_s = pause_s
        self.counts = {"requests": 0, "open": 0, "most_open": 0, "disconnected": 0}

    async def __call__(self, scope: Json, receive: Json, send: Json) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return
        endpoint = _ENDPOINTS.get(scope["path"])
        if endpoint is None:
            await _send_json(send, self.counts)
            return
        body = json.loads(await _read_body(receive))
        self.counts["requests"] += 1
        if body["model"] == BROKEN:
            error = {"message": f"broken for {describe_body(body)}", "type": "server_error"}
            await _send_json(send, {"error": error}, 500)
            return
        deltas = [{"content": piece} for piece in split_answer(build_answer_text(describe_body(body)))]
        if not body.get("stream"):
            await _send_json(send, build_answer(endpoint, body, deltas))
            return
        with self._count_open():
            stream_events = list(build_events(endpoint, body, deltas))
            if body["model"] == CUT:
                stream_events = stream_events[: len(stream_events) - PIECES // 2]
            if await self._stream(receive, send, stream_events) and body["model"] != CUT:
                await send({"type": "http.response.body", "body": b""})

    @contextmanager
    def _count_open(self) -> Iterator[None]:
        self.counts["open"] += 1
        self.counts["most_open"] = max(self.counts["most_open"], self.counts["open"])
        try:
            yield
        finally:
            self.counts["open"] -= 1

    async def _stream(self, receive: Json, send: Json, stream_events: list[str]) -> bool:
        """Send events one after the other; return whether the client stayed connected."""
        disconnect = asyncio.ensure_future(receive())
        await _send_head(send, *_STREAM)
        try:
            for event in stream_events:
                await asyncio.wait({disconnect}, timeout=self._pause_s)
                if disconnect.done():
                    self.counts["disconnected"] += 1
                    return False
                await send({"type": "http.response.body", "body": event.encode(), "more_body": True})
        finally:
            disconnect.cancel()
        return True


async def _read_body(receive: Json) -> bytearray:
    data = bytearray()
    while True:
        message = await receive()
        data += message.get("body", b"")
        if not message.get("more_body"):
            return data


async def _send_head(send: Json, kind: str, status: int) -> None:
    headers = [(b"content-type", kind.encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def _send_json(send: Json, value: JsonObject, status: int = 200) -> None:
    await _send_head(send, "application/json", status)
    await send({"type": "http.response.body", "body": json.dumps(value).encode()})


if __name__ == "__main__":
    # If the backend closed idle connections sooner than LiteLLM does (15 s), some requests would fail with 500.
    uvicorn.run(
        FakeBackend(float(sys.argv[2])), host="127.0.0.1", port=int(sys.argv[1]), timeout_keep_alive=600,
        log_level="critical", lifespan="off", ws="none", backlog=4096,
    )  # fmt: skip
