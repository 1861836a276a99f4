"""A fake streaming server with a known schedule and a known accuracy.

A fake, because the latency of a real engine is not known in advance. It follows absolute times, so a late chunk does
not delay the chunks after it.
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


def first_token_after_20_ms(_seed: int) -> float:
    return 0.02


def answer_correctly(_question: str) -> float:
    return 1.0


@dataclass
class FakePacedServer:
    """An ASGI app. Times are in seconds; a question has the form ``id: text``.

    ``first_token`` returns the time to the first token by the request's seed, ``accuracy`` the probability of a
    correct answer by the question. A request whose last message contains ``SUFFIX`` takes ``slowdown`` times as long.
    After ``exits_after`` answers, the next request ends the process.
    """

    first_token: Callable[[int], float] = first_token_after_20_ms
    gap: float = 0.005
    reasoning_chunks: int = 4
    answer_chunks: int = 6
    tokens_per_chunk: int = 1
    reports_usage: bool = True
    correct: str = "42"
    accuracy: Callable[[str], float] = answer_correctly
    slowdown: float = 1.0
    honours_seeds: bool = True
    finish: str = "stop"
    exits_after: int | None = None
    bodies: list[dict[str, Any]] = field(default_factory=list)
    answered: int = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Handle one ASGI connection."""
        if scope["type"] != "http":
            return
        data = b""
        while True:
            message = await receive()
            data += message.get("body", b"")
            if not message.get("more_body"):
                break
        if self.exits_after is not None and self.answered >= self.exits_after:
            os._exit(1)
        if scope["path"] == "/v1/chat/completions":
            await self._send_stream(json.loads(data), send)
        elif scope["path"] == "/v1/models":
            await self._send_json({"object": "list", "data": [{"id": "m", "object": "model"}]}, send)
        elif scope["path"] == "/version":
            await self._send_json({"version": "0.32.0"}, send)
        else:
            await self._send_json({"error": {"message": "not found"}}, send, 404)

    async def _send_json(self, value: Any, send: Any, status: int = 200) -> None:
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(value).encode()})

    async def _send_stream(self, body: dict[str, Any], send: Any) -> None:
        self.bodies.append(body)
        started = time.perf_counter()
        if body["model"] != "m":
            await self._send_json({"error": {"message": f"no model {body['model']}"}}, send, 404)
            return
        text = body["messages"][-1]["content"]
        slowdown = self.slowdown if SUFFIX in text else 1.0
        deltas = self._build_deltas(text, int(body["seed"]))[: body.get("max_tokens")]
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for number, delta in enumerate(deltas):
            due = started + (self.first_token(int(body["seed"])) + number * self.gap) * slowdown
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tokens = (number + 1) * self.tokens_per_chunk
            await self._send_event(self._build_chunk(delta, tokens, is_last=number == len(deltas) - 1), send)
        usage = self._build_usage(len(deltas) * self.tokens_per_chunk)
        await self._send_event({"object": "chat.completion.chunk", "choices": [], "usage": usage}, send)
        await send({"type": "http.response.body", "body": b"data: [DONE]\n\n"})
        self.answered += 1

    def _build_deltas(self, text: str, seed: int) -> list[dict[str, str]]:
        question = text.partition(":")[0]
        generator = random.Random(f"{seed}|{question}|{SUFFIX in text}" if self.honours_seeds else "same")
        final = self.correct if generator.random() < self.accuracy(text) else "0"
        filler = [f"{generator.randrange(1000)} " for _ in range(max(0, self.answer_chunks - 3))]
        words = ["It ", "is ", *filler][: self.answer_chunks - 1]
        answer = [{"content": word} for word in [*words, f"\\boxed{{{final}}}"]]
        return [*({"reasoning": f"{generator.randrange(1000)} "} for _ in range(self.reasoning_chunks)), *answer]

    def _build_chunk(self, delta: dict[str, str], tokens: int, *, is_last: bool) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": self.finish if is_last else None}
        chunk = {"object": "chat.completion.chunk", "model": "m", "choices": [choice]}
        return {**chunk, "usage": self._build_usage(tokens)} if self.reports_usage else chunk

    def _build_usage(self, tokens: int) -> dict[str, int]:
        return {"prompt_tokens": 10, "completion_tokens": tokens, "total_tokens": 10 + tokens}

    async def _send_event(self, value: dict[str, Any], send: Any) -> None:
        data = f"data: {json.dumps(value)}\n\n".encode()
        await send({"type": "http.response.body", "body": data, "more_body": True})
