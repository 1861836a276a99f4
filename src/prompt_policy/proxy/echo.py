"""A stand-in for vLLM where there is no GPU: ``python -m prompt_policy.proxy.echo --port 8000``.

It runs no model. Each answer holds the request as it was received, which shows what a policy made of it.
"""

from __future__ import annotations

import argparse
import contextlib
import hmac
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from prompt_policy.errors import UsageError
from prompt_policy.launcher.ports import bound, url_of
from prompt_policy.proxy.echo_answer import MODELS
from prompt_policy.proxy.echo_wire import Chat, Shape, Text, chunks, whole
from prompt_policy.wire.values import Json, JsonObject

Endpoint = Callable[[Request], Awaitable[Response]]


def create_app(
    models: Sequence[str] = MODELS, *, reasoning_parser: bool = False, api_key: str | None = None
) -> Starlette:
    """Return the server as an ASGI application.

    ``models`` are listed; a request for any name is answered. With ``reasoning_parser`` thoughts are split off as
    vLLM's ``deepseek_r1`` parser does it. With ``api_key`` a request without it is refused.
    """

    async def health(_: Request) -> Response:
        return Response()

    async def list_models(_: Request) -> Response:
        listed = [{"id": name, "object": "model", "owned_by": "echo (a stand-in, no model)"} for name in models]
        return _json({"object": "list", "data": listed})

    async def chat(request: Request) -> Response:
        return await _answered(request, lambda body: Chat(body, reasoning_parser=reasoning_parser))

    async def text(request: Request) -> Response:
        return await _answered(request, Text)

    def guarded(endpoint: Endpoint) -> Endpoint:
        return endpoint if api_key is None else _guarded(endpoint, api_key)

    return Starlette(
        routes=[
            Route("/health", health),
            Route("/v1/models", guarded(list_models)),
            Route("/v1/chat/completions", guarded(chat), methods=["POST"]),
            Route("/v1/completions", guarded(text), methods=["POST"]),
        ]
    )


async def _answered(request: Request, shape_of: Callable[[JsonObject], Shape]) -> Response:
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError) as error:
        return _error(400, f"the body is not JSON: {error}", "invalid_request_error")
    if not isinstance(body, dict):
        return _error(400, "the body is not a JSON object", "invalid_request_error")
    if body.get("stream") is True:
        return StreamingResponse(_events(body, shape_of(body)), media_type="text/event-stream")
    return _json(whole(body, shape_of(body)))


async def _events(body: JsonObject, shape: Shape) -> AsyncIterator[str]:
    for chunk in chunks(body, shape):
        yield f"data: {json.dumps(chunk)}\n\n"
    yield "data: [DONE]\n\n"


def _guarded(endpoint: Endpoint, api_key: str) -> Endpoint:
    wanted = f"Bearer {api_key}".encode()

    async def checked(request: Request) -> Response:
        if hmac.compare_digest(request.headers.get("authorization", "").encode(), wanted):
            return await endpoint(request)
        return _error(401, "the API key is missing or wrong", "authentication_error")

    return checked


def _error(status: int, message: str, kind: str) -> Response:
    return _json({"error": {"message": message, "type": kind, "param": None, "code": status}}, status)


def _json(value: Json, status: int = 200) -> Response:
    """Answer in ASCII: what was received may hold halves of surrogate pairs, which UTF-8 cannot say."""
    return Response(json.dumps(value), status, media_type="application/json")


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m prompt_policy.proxy.echo", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, required=True, help="port to listen on; 0 takes a free one")
    parser.add_argument("--model", action="append", metavar="NAME", help="a model to list; may be repeated")
    parser.add_argument("--reasoning-parser", action="store_true", help="split thoughts off, as deepseek_r1 does")
    parser.add_argument("--api-key", help="refuse requests without this key")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Serve until a signal comes. A port that cannot be had is one line and exit code 2."""
    options = _arguments(argv)
    try:
        socket = bound(options.host, options.port)
    except UsageError as error:
        _say(str(error))
        sys.exit(2)
    _say(f"echo backend (a stand-in, no model) at {url_of(options.host, socket.getsockname()[1])}/v1")
    app = create_app(options.model or MODELS, reasoning_parser=options.reasoning_parser, api_key=options.api_key)
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises the signal again once it has shut down
        uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[socket])


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
