"""What the engine of both apps answers: the request that it has received, and a text that a policy changes."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Mapping
from typing import Any

TEXT = "\n\nHello\n\n\n\nworld\n"
PIECES = ("\n", "\n\nHel", "lo\n", "\n\n\n", "world\n")
SLOW = "slow"
"""The model's part of a user turn that makes a stream last for half a minute."""
SLOW_PIECES = 300
PAUSE_S = 0.1


def build_whole(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a whole answer with the request and the engine's process."""
    message = {"role": "assistant", "content": TEXT}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    return {
        "id": "c",
        "object": "chat.completion",
        "created": 1,
        "model": body["model"],
        **_notes(body),
        "choices": [choice],
    }


async def stream_events(body: Mapping[str, Any]) -> AsyncIterator[str]:
    """Yield the events of a streamed answer; the first has the request and the engine's process."""
    is_slow = SLOW in str(body["messages"][-1]["content"])
    notes = _notes(body)
    for piece in ["word "] * SLOW_PIECES if is_slow else PIECES:
        yield _event(body["model"], {"content": piece}, None, notes)
        notes = {}
        if is_slow:
            await asyncio.sleep(PAUSE_S)
    yield _event(body["model"], {}, "stop", {})


def _event(model: str, delta: dict[str, str], reason: str | None, notes: dict[str, Any]) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": model, **notes, "choices": [choice]}
    return f"data: {json.dumps(chunk)}\n\n"


def _notes(body: Mapping[str, Any]) -> dict[str, Any]:
    return {"seen": dict(body), "engine_pid": os.getpid()}
