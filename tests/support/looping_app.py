"""A server whose model is in a loop."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

LINE = "I am a model in a loop.\n"


class LoopingApp:
    """Streams one line again and again, as vLLM's server does, until the client disconnects or ``limit`` is reached.

    ``sent`` is the number of lines so far; ``stopped`` is set when the generation ends.
    """

    def __init__(self, limit: int = 20_000) -> None:
        self.limit = limit
        self.sent = 0
        self.stopped = threading.Event()
        self.app = Starlette(
            routes=[Route(f"/v1/{path}", self._answer, methods=["POST"]) for path in ("chat/completions", "messages")]
        )

    async def _answer(self, request: Request) -> StreamingResponse:
        build_event = build_message_event if request.url.path.endswith("messages") else build_chunk_event
        return StreamingResponse(self._generate(build_event(LINE)), media_type="text/event-stream")

    async def _generate(self, event: bytes) -> AsyncIterator[bytes]:
        try:
            while self.sent < self.limit:
                self.sent += 1
                yield event
                await asyncio.sleep(0)
        finally:
            self.stopped.set()


def build_chunk_event(text: str) -> bytes:
    """Return a chat chunk with a text."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    return _encode({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]})


def build_message_event(text: str) -> bytes:
    """Return an event of Messages with a text."""
    value = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}
    return b"event: content_block_delta\n" + _encode(value)


def _encode(value: Any) -> bytes:
    return f"data: {json.dumps(value)}\n\n".encode()
