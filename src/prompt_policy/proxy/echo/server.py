"""An echo server in place of vLLM, for machines without a GPU: ``python -m prompt_policy.proxy.echo --port 8000``.

It runs no model. Each answer contains the received request, which shows how a policy changed it.
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
from prompt_policy.launcher.machine.ports import bind
from prompt_policy.net import LOOPBACK, build_url
from prompt_policy.proxy.echo.answer import DEFAULT_MODELS
from prompt_policy.proxy.echo.wire import EchoChat, EchoCompletion, EchoText, build_chunks, build_response
from prompt_policy.wire.values import Json, JsonObject

_Handler = Callable[[Request], Awaitable[Response]]


def create_app(
    models: Sequence[str] = DEFAULT_MODELS, *, reasoning_parser: bool = False, api_key: str | None = None
) -> Starlette:
    """Return the server as an ASGI application.

    Arguments:
        models: the names that ``/v1/models`` lists; requests for other names are answered too.
        reasoning_parser: separate reasoning as vLLM's ``deepseek_r1`` parser does.
        api_key: the key that requests must contain; None accepts all.
    """

    async def health(_: Request) -> Response:
        return Response()

    async def list_models(_: Request) -> Response:
        listed = [{"id": name, "object": "model", "owned_by": "echo (no model)"} for name in models]
        return _json({"object": "list", "data": listed})

    async def chat(request: Request) -> Response:
        return await _respond(request, lambda body: EchoChat(body, reasoning_parser=reasoning_parser))

    async def text(request: Request) -> Response:
        return await _respond(request, EchoText)

    def protect(handler: _Handler) -> _Handler:
        return handler if api_key is None else _require_key(handler, api_key)

    return Starlette(
        routes=[
            Route("/health", health),
            Route("/v1/models", protect(list_models)),
            Route("/v1/chat/completions", protect(chat), methods=["POST"]),
            Route("/v1/completions", protect(text), methods=["POST"]),
        ]
    )


async def _respond(request: Request, build_completion: Callable[[JsonObject], EchoCompletion]) -> Response:
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError) as error:
        return _build_error(400, f"the body is not JSON: {error}", "invalid_request_error")
    if not isinstance(body, dict):
        return _build_error(400, "the body is not a JSON object", "invalid_request_error")
    if body.get("stream") is True:
        return StreamingResponse(_stream_events(body, build_completion(body)), media_type="text/event-stream")
    return _json(build_response(body, build_completion(body)))


async def _stream_events(body: JsonObject, completion: EchoCompletion) -> AsyncIterator[str]:
    for chunk in build_chunks(body, completion):
        yield f"data: {json.dumps(chunk)}\n\n"
    yield "data: [DONE]\n\n"


def _require_key(handler: _Handler, api_key: str) -> _Handler:
    expected = f"Bearer {api_key}".encode()

    async def check_key(request: Request) -> Response:
        if hmac.compare_digest(request.headers.get("authorization", "").encode(), expected):
            return await handler(request)
        return _build_error(401, "the API key is missing or wrong", "authentication_error")

    return check_key


def _build_error(status: int, message: str, kind: str) -> Response:
    return _json({"error": {"message": message, "type": kind, "param": None, "code": status}}, status)


def _json(value: Json, status: int = 200) -> Response:
    """Return an ASCII JSON response: the received request may contain lone surrogates, which UTF-8 cannot encode."""
    return Response(json.dumps(value), status, media_type="application/json")


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m prompt_policy.proxy.echo", description=__doc__)
    parser.add_argument("--host", default=LOOPBACK, help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, required=True, help="port to listen on; 0 selects a free one")
    parser.add_argument("--model", action="append", metavar="NAME", help="a model name to list; may be repeated")
    parser.add_argument(
        "--reasoning-parser", action="store_true", help="separate reasoning, as vLLM's deepseek_r1 does"
    )
    parser.add_argument("--api-key", help="reject requests without this key")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Serve until a signal arrives. If the port cannot be bound, print one line and exit with code 2."""
    options = _arguments(argv)
    try:
        socket = bind(options.host, options.port)
    except UsageError as error:
        _log(str(error))
        sys.exit(2)
    _log(f"echo server (no model) at {build_url(options.host, socket.getsockname()[1])}/v1")
    app = create_app(
        options.model or DEFAULT_MODELS, reasoning_parser=options.reasoning_parser, api_key=options.api_key
    )
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises the signal again once it has shut down
        uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[socket])


def _log(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
