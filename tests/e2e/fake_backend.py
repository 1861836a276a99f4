"""A fake of an OpenAI-compatible server: it records every body and answers from a script.

A fake, because these tests need answers and failures that no real engine gives on demand. The bodies reach it over
loopback from the real proxy, and its chunks have the shape that vLLM sends.
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.wire.test_responses_answer import events as response_events

Delta = dict[str, str]


@dataclass
class FakeBackend:
    """``answers`` gives the deltas by model name; ``failing`` names the models that answer 500.

    ``pause_s`` is the time between two pieces of a stream.
    """

    answers: dict[str, Sequence[Delta]] = field(default_factory=dict)
    failing: set[str] = field(default_factory=set)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    pause_s: float = 0
    url: str = ""

    def last(self) -> dict[str, Any]:
        """Return the body that came last."""
        return self.bodies[-1]

    def app(self) -> Starlette:
        """Return the server."""
        return Starlette(
            routes=[
                Route("/health", self._health),
                Route("/v1/models", self._models),
                Route("/v1/chat/completions", self._chat, methods=["POST"]),
                Route("/v1/completions", self._text, methods=["POST"]),
                Route("/v1/responses", self._responses, methods=["POST"]),
                Route("/v1/messages", self._messages, methods=["POST"]),
            ]
        )

    async def _health(self, _request: Request) -> Response:
        return Response()

    async def _models(self, _request: Request) -> Response:
        return JSONResponse({"object": "list", "data": [{"id": model, "object": "model"} for model in self.answers]})

    async def _chat(self, request: Request) -> Response:
        body = await request.json()
        self.bodies.append(body)
        if body["model"] in self.failing:
            return JSONResponse({"error": {"message": "the backend is broken", "type": "server_error"}}, 500)
        deltas = self.answers.get(body["model"], [{"content": "Fine."}])
        if body.get("stream"):
            return StreamingResponse(_stream(body, deltas, self.pause_s), media_type="text/event-stream")
        return JSONResponse(_whole(body, deltas))

    async def _text(self, request: Request) -> Response:
        body = await request.json()
        self.bodies.append(body)
        text = "".join(delta.get("content", "") for delta in self.answers.get(body["model"], [{"content": "Fine."}]))
        answer = {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": body["model"]}
        choice = {"index": 0, "text": text, "finish_reason": "stop", "logprobs": None}
        if body.get("stream"):
            chunk = json.dumps({**answer, "choices": [choice]})
            return StreamingResponse(iter([f"data: {chunk}\n\n", "data: [DONE]\n\n"]), media_type="text/event-stream")
        return JSONResponse({**answer, "choices": [choice], "usage": _USAGE})

    async def _responses(self, request: Request) -> Response:
        body = await request.json()
        self.bodies.append(body)
        deltas = self.answers.get(body["model"], [{"content": "Fine."}])
        pieces = {key: [d[key] for d in deltas if key in d] for key in ("reasoning", "content")}
        made = [{**event} for event in response_events(pieces["reasoning"], pieces["content"])]
        for event in made:
            if "response" in event:
                event["response"] = {**_RESPONSE, "model": body["model"], **event["response"]}
        if body.get("stream"):
            lines = (f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in made)
            return StreamingResponse(lines, media_type="text/event-stream")
        return JSONResponse(made[-1]["response"])

    async def _messages(self, request: Request) -> Response:
        body = await request.json()
        self.bodies.append(body)
        deltas = self.answers.get(body["model"], [{"content": "Fine."}])
        text = "".join(delta.get("content", "") for delta in deltas)
        head = {"id": "msg-1", "type": "message", "role": "assistant", "model": body["model"], "stop_sequence": None}
        usage = {"input_tokens": 1, "output_tokens": 1}
        if not body.get("stream"):
            content = [{"type": "text", "text": text}]
            return JSONResponse({**head, "content": content, "stop_reason": "end_turn", "usage": usage})
        pieces = [{"type": "text_delta", "text": delta["content"]} for delta in deltas if "content" in delta]
        events: list[dict[str, Any]] = [
            {"type": "message_start", "message": {**head, "content": [], "stop_reason": None, "usage": usage}},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            *({"type": "content_block_delta", "index": 0, "delta": piece} for piece in pieces),
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage},
            {"type": "message_stop"},
        ]
        lines = (f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
        return StreamingResponse(lines, media_type="text/event-stream")


_RESPONSE = {
    "object": "response", "created_at": 1, "status": "completed", "parallel_tool_calls": True, "tool_choice": "auto",
    "tools": [], "temperature": 1, "top_p": 1, "error": None, "incomplete_details": None, "instructions": None,
    "metadata": None, "text": None, "truncation": "disabled", "reasoning": None, "max_output_tokens": None,
    "previous_response_id": None, "user": None,
    "usage": {"input_tokens": 1, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 1,
              "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 2},
}  # fmt: skip
_USAGE = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}


def _whole(body: dict[str, Any], deltas: Sequence[Delta]) -> dict[str, Any]:
    content = "".join(delta.get("content", "") for delta in deltas)
    reasoning = "".join(delta.get("reasoning", "") for delta in deltas)
    message: dict[str, Any] = {
        "role": "assistant",
        "content": content,
        "reasoning": reasoning or None,
        "tool_calls": [],
    }
    choices = [{"index": i, "message": message, "finish_reason": "stop"} for i in range(body.get("n") or 1)]
    head = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": body["model"]}
    return {**head, "choices": choices, "usage": _USAGE}


async def _stream(body: dict[str, Any], deltas: Sequence[Delta], pause_s: float) -> AsyncIterator[str]:
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": body["model"]}
    choices = range(body.get("n") or 1)

    def event(index: int, delta: dict[str, Any], finish: str | None = None) -> str:
        choice = {"index": index, "delta": delta, "finish_reason": finish}
        return f"data: {json.dumps({**head, 'choices': [choice]})}\n\n"

    for index in choices:
        yield event(index, {"role": "assistant", "content": ""})
    for number, delta in enumerate(deltas):
        if pause_s:
            await asyncio.sleep(pause_s)
        for index in choices:
            yield event(index, dict(delta), "stop" if number == len(deltas) - 1 else None)
    if (body.get("stream_options") or {}).get("include_usage"):
        yield f"data: {json.dumps({**head, 'choices': [], 'usage': _USAGE})}\n\n"
    yield "data: [DONE]\n\n"


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(backend: FakeBackend) -> Iterator[FakeBackend]:
    """Serve a backend on loopback, from a thread of this process."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(backend.app(), host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    backend.url = f"http://127.0.0.1:{port}"
    try:
        yield backend
    finally:
        server.should_exit = True
        thread.join()
