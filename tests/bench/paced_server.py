"""A fake of a streaming server that keeps a known schedule, and answers rightly with known odds.

A fake, because no real engine has a latency that is known beforehand. It follows absolute times, so that a late
chunk does not delay those after it.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

SUFFIX = "Think about it twice."


def soon(_seed: int) -> float:
    return 0.02


def always(_question: str) -> float:
    return 1.0


@dataclass
class Paced:
    """Times in seconds. A question reads ``id: text``; ``odds`` gives the chance of a right answer by its id.

    ``first`` and ``gap`` may depend on the request's seed; a request whose last message holds ``SUFFIX`` takes
    ``slower`` times as long. ``dies_after`` answers the process dies.
    """

    first: Callable[[int], float] = soon
    gap: float = 0.005
    thought: int = 4
    answer: int = 6
    per_chunk: int = 1
    tells_usage: bool = True
    right: str = "42"
    odds: Callable[[str], float] = always
    slower: float = 1.0
    obeys_seeds: bool = True
    finish: str = "stop"
    dies_after: int | None = None
    bodies: list[dict[str, Any]] = field(default_factory=list)
    answered: int = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer as ASGI apps do."""
        if scope["type"] != "http":
            return
        data = b""
        while True:
            message = await receive()
            data += message.get("body", b"")
            if not message.get("more_body"):
                break
        if self.dies_after is not None and self.answered >= self.dies_after:
            os._exit(1)
        if scope["path"] == "/v1/chat/completions":
            await self._stream(json.loads(data), send)
        elif scope["path"] == "/v1/models":
            await self._json({"object": "list", "data": [{"id": "m", "object": "model"}]}, send)
        elif scope["path"] == "/version":
            await self._json({"version": "0.32.0"}, send)
        else:
            await self._json({"error": {"message": "not found"}}, send, 404)

    async def _json(self, value: Any, send: Any, status: int = 200) -> None:
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(value).encode()})

    async def _stream(self, body: dict[str, Any], send: Any) -> None:
        self.bodies.append(body)
        begun = time.perf_counter()
        if body["model"] != "m":
            await self._json({"error": {"message": f"no model {body['model']}"}}, send, 404)
            return
        text = body["messages"][-1]["content"]
        speed = self.slower if SUFFIX in text else 1.0
        pieces = self._pieces(text, int(body["seed"]))[: body.get("max_tokens")]
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for number, piece in enumerate(pieces):
            due = begun + (self.first(int(body["seed"])) + number * self.gap) * speed
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            await self._event(self._chunk(piece, (number + 1) * self.per_chunk, last=number == len(pieces) - 1), send)
        usage = self._usage(len(pieces) * self.per_chunk)
        await self._event({"object": "chat.completion.chunk", "choices": [], "usage": usage}, send)
        await send({"type": "http.response.body", "body": b"data: [DONE]\n\n"})
        self.answered += 1

    def _pieces(self, text: str, seed: int) -> list[dict[str, str]]:
        question = text.partition(":")[0]
        draw = random.Random(f"{seed}|{question}|{SUFFIX in text}" if self.obeys_seeds else "same")
        said = self.right if draw.random() < self.odds(text) else "0"
        words = ["It ", "is ", *(f"{draw.randrange(1000)} " for _ in range(max(0, self.answer - 3)))][: self.answer - 1]
        answer = [{"content": word} for word in [*words, f"\\boxed{{{said}}}"]]
        return [*({"reasoning": f"{draw.randrange(1000)} "} for _ in range(self.thought)), *answer]

    def _chunk(self, delta: dict[str, str], tokens: int, *, last: bool) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": self.finish if last else None}
        chunk = {"object": "chat.completion.chunk", "model": "m", "choices": [choice]}
        return {**chunk, "usage": self._usage(tokens)} if self.tells_usage else chunk

    def _usage(self, tokens: int) -> dict[str, int]:
        return {"prompt_tokens": 10, "completion_tokens": tokens, "total_tokens": 10 + tokens}

    async def _event(self, value: dict[str, Any], send: Any) -> None:
        data = f"data: {json.dumps(value)}\n\n".encode()
        await send({"type": "http.response.body", "body": data, "more_body": True})
