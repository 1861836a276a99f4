"""Servers that answer immediately, bare and behind the middleware; the bare one is also the backend of proxies."""

from __future__ import annotations

import argparse
import json
import os
import re
from collections.abc import AsyncIterator
from typing import Final, cast

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from benchmarks.bodies import MODEL, POLICY
from prompt_policy.asgi import App, PolicyMiddleware
from prompt_policy.net import LOOPBACK
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


# All chunks differ: LiteLLM ends a stream that repeats itself.
_PARSED: Final = [_chunk(f" word{number}") for number in range(CHUNKS)]
_CHUNKS: Final = [b"data: %b\n\n" % json.dumps(chunk).encode() for chunk in _PARSED]
_SPACED: Final = [b"data: %b\n\n" % json.dumps(_chunk(f"word{number} ")).encode() for number in range(CHUNKS)]
_STREAMS: Final = re.compile(rb'"stream": ?true')


async def answer(scope: Json, receive: Json, send: Json) -> None:
    """Read the body, and send a whole or streamed answer, without parsing the request."""
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


async def _answer_parsed(request: Request) -> Response:
    body = await request.json()
    if not body.get("stream"):
        return JSONResponse(_ANSWER)

    async def chunks() -> AsyncIterator[str]:
        for chunk in _PARSED:
            yield f"data: {json.dumps(chunk)}\n\n"
        yield "data: [DONE]\n\n"

    return StreamingResponse(chunks(), media_type="text/event-stream")


def bare() -> App:
    """Return an app that answers immediately."""
    return answer


def with_policy() -> App:
    """Return the same app behind the middleware."""
    return PolicyMiddleware(answer, POLICY)


def parsing_bare() -> App:
    """Return an app that parses and writes JSON with Starlette, which is the least that any server does."""
    path = "/v1/chat/completions"
    return cast("App", Starlette(routes=[Route(path, _answer_parsed, methods=["POST"])]))


def parsing_with_policy() -> App:
    """Return the same app behind the middleware."""
    return PolicyMiddleware(parsing_bare(), POLICY)


def main() -> None:
    """Serve the app that a function of this module returns."""
    parser = argparse.ArgumentParser()
    parser.add_argument("name", help="the function")
    parser.add_argument("port", type=int)
    parser.add_argument("--core", type=int, help="the only core to use")
    parser.add_argument("--http", choices=["h11", "httptools"], default="h11")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--log", action="store_true", help="turn the decision log on when the app starts")
    options = parser.parse_args()
    if options.core is not None:
        os.sched_setaffinity(0, {options.core})
    uvicorn.run(
        f"benchmarks.servers.apps:{options.name}", factory=True, host=LOOPBACK, port=options.port, http=options.http,
        workers=options.workers, lifespan="auto" if options.log else "off", log_level="warning", access_log=False,
        ws="none", timeout_keep_alive=300,  # a proxy's pooled connections must stay open between its blocks
    )  # fmt: skip


if __name__ == "__main__":
    main()
