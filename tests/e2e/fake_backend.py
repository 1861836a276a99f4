"""A fake of an OpenAI-compatible server: it records every body and answers from a script.

A fake, because these tests need answers and failures that no real engine gives on demand. The bodies reach it over
loopback from the real proxy, and its chunks have the shape that vLLM sends.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.e2e.fake_answers import Delta, events, whole
from tests.vectors.reading import PATHS


@dataclass
class FakeBackend:
    """``answers`` gives the deltas by model name; ``failing`` names the models that answer 500."""

    answers: dict[str, Sequence[Delta]] = field(default_factory=dict)
    failing: set[str] = field(default_factory=set)
    bodies: list[dict[str, Any]] = field(default_factory=list)
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
                *(Route(path, self._answered, methods=["POST"]) for path in PATHS.values()),
            ]
        )

    async def _health(self, _request: Request) -> Response:
        return Response()

    async def _models(self, _request: Request) -> Response:
        return JSONResponse({"object": "list", "data": [{"id": model, "object": "model"} for model in self.answers]})

    async def _answered(self, request: Request) -> Response:
        [endpoint] = [name for name, path in PATHS.items() if path == request.url.path]
        body = await request.json()
        self.bodies.append(body)
        if body["model"] in self.failing:
            return JSONResponse({"error": {"message": "the backend is broken", "type": "server_error"}}, 500)
        deltas = self.answers.get(body["model"], [{"content": "Fine."}])
        if body.get("stream"):
            return StreamingResponse(events(endpoint, body, deltas), media_type="text/event-stream")
        return JSONResponse(whole(endpoint, body, deltas))


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
