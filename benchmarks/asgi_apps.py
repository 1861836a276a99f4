"""Servers that answer at once, bare and behind the middleware; the bare one is also the backend of proxies."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import AsyncIterator, Callable
from typing import Final, cast

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from benchmarks.bodies import MODEL, POLICY
from prompt_policy.asgi import App, PolicyMiddleware
from prompt_policy.launcher.ports import LOOPBACK
from prompt_policy.wire.values import Json

CHUNKS: Final = 200
_HEAD: Final = {"id": "chatcmpl-1", "created": 1, "model": MODEL}
_ANSWER: Final = {
    **_HEAD,
    "object": "chat.completion",
    "usage": {"prompt_tokens": 9, "completion_tokens": 200, "total_tokens": 209},
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "word " * 200}}],
}
_WHOLE: Final = json.dumps(_ANSWER).encode()


def _chunk(piece: str) -> dict[str, Json]:
    choice = {"index": 0, "delta": {"content": piece}, "logprobs": None, "finish_reason": None}
    return {**_HEAD, "object": "chat.completion.chunk", "choices": [choice]}


# Each another one: LiteLLM ends a stream that repeats itself.
_PARSED: Final = [_chunk(f" word{number}") for number in range(CHUNKS)]
_CHUNKS: Final = [b"data: %b\n\n" % json.dumps(chunk).encode() for chunk in _PARSED]
_SPACED: Final = [b"data: %b\n\n" % json.dumps(_chunk(f"word{number} ")).encode() for number in range(CHUNKS)]
_STREAMS: Final = re.compile(rb'"stream": ?true')


async def answer(scope: Json, receive: Json, send: Json) -> None:
    """Read the body, and answer whole or in chunks, without a look at more than the word stream."""
    if scope["type"] != "http":
        return
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    if not _STREAMS.search(body):
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(_WHOLE)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": _WHOLE})
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
    for chunk in _SPACED if b"spaces_last" in body else _CHUNKS:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b"data: [DONE]\n\n"})


async def _parsing_whole(asked: Request) -> Response:
    body = await asked.json()
    if not body.get("stream"):
        return JSONResponse(_ANSWER)

    async def chunks() -> AsyncIterator[str]:
        for chunk in _PARSED:
            yield f"data: {json.dumps(chunk)}\n\n"
        yield "data: [DONE]\n\n"

    return StreamingResponse(chunks(), media_type="text/event-stream")


def _parsing() -> App:
    """Return what a server does at least that has a use for a request: Starlette reads and writes JSON."""
    path = "/v1/chat/completions"
    return cast("App", Starlette(routes=[Route(path, _parsing_whole, methods=["POST"])]))


APPS: Final[dict[str, Callable[[], App]]] = {
    "bare": lambda: answer,
    "policed": lambda: PolicyMiddleware(answer, POLICY),
    "parsing-bare": _parsing,
    "parsing-policed": lambda: PolicyMiddleware(_parsing(), POLICY),
}


def main(name: str, port: int, core: int) -> None:
    """Serve an app on one core."""
    os.sched_setaffinity(0, {core})
    uvicorn.run(
        APPS[name](), host=LOOPBACK, port=port, log_level="warning", access_log=False, lifespan="off", ws="none"
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
