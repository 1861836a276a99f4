"""A fake OpenAI-compatible server that records each request and answers from a script.

A fake, because these tests need answers and failures that no real engine gives on demand. It is an ASGI app: tests send
their requests over loopback, or through the middleware around it. Three fakes do a different job and stay apart:

- ``fake_asgi_app`` is called without a server, so that a test decides when each message arrives;
- ``broken_backend`` breaks connections, which no ASGI server allows;
- ``paced_server`` follows a schedule and runs in a process of its own, because a shared interpreter would delay it.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from typing import Any

from starlette.datastructures import Headers

from tests.support.fake_answers import JSON, SSE, Delta, build_answer, build_events
from tests.support.responses import PATHS
from tests.support.servers import serve_app_in_thread

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Response = tuple[int, Mapping[str, str], Iterable[bytes]]
"""A status, headers, and the pieces of a body."""
_AZURE = re.compile("^/openai/deployments/[^/]+/")
DEFAULT_DELTAS: Sequence[Delta] = ({"content": "Fine."},)


class FakeBackend:
    """Record requests and answer them from a script.

    ``responses`` are sent unchanged and in order, and the last one from then on. Without them, ``respond`` makes the
    response from the endpoint and the body; without it, the answer is built for the request's endpoint from
    ``answers``, the deltas by model name; models in ``failing`` get HTTP 500. ``pause_s`` is the pause after each piece
    of a body.
    """

    def __init__(
        self,
        *responses: Response,
        answers: Mapping[str, Sequence[Delta]] | None = None,
        failing: Iterable[str] = (),
        pause_s: float = 0,
        respond: Callable[[str, dict[str, Any]], Response] | None = None,
    ) -> None:
        self.responses = list(responses)
        self.answers = dict(answers or {})
        self.failing = set(failing)
        self.pause_s = pause_s
        self.respond = respond
        self.bodies: list[Any] = []
        self.paths: list[str] = []
        self.headers: list[Headers] = []
        self.client_left = asyncio.Event()
        self.url = ""

    def last(self) -> dict[str, Any]:
        """Return the body of the latest request."""
        body: dict[str, Any] = self.bodies[-1]
        return body

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        body = await read_body(receive)
        if self.responses or scope["method"] == "POST":
            self.bodies.append(json.loads(body) if body.startswith(b"{") else body)
            self.headers.append(Headers(scope=scope))
            self.paths.append(scope["path"])
        await self._send(self._choose_response(scope["path"]), receive, send)

    def _choose_response(self, path: str) -> Response:
        if self.responses:
            return self.responses.pop(0) if len(self.responses) > 1 else self.responses[0]
        if path == "/v1/models":
            return build_json_response(
                {"object": "list", "data": [{"id": model, "object": "model"} for model in self.answers]}
            )
        if path == "/health":
            return 200, {"content-length": "0"}, ()
        [endpoint] = [name for name, known in PATHS.items() if known == _AZURE.sub("/v1/", path)]
        body = self.last()
        if self.respond is not None:
            return self.respond(endpoint, body)
        if body["model"] in self.failing:
            return build_json_response({"error": {"message": "the backend is broken", "type": "server_error"}}, 500)
        deltas = self.answers.get(body["model"], DEFAULT_DELTAS)
        if body.get("stream"):
            return 200, SSE, (event.encode() for event in build_events(endpoint, body, deltas))
        return build_json_response(build_answer(endpoint, body, deltas))

    async def _send(self, response: Response, receive: Receive, send: Send) -> None:
        status, headers, pieces = response
        encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": encoded})
        leaving = asyncio.ensure_future(receive())
        for piece in pieces:
            if leaving.done():
                break
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await asyncio.sleep(self.pause_s)
        if leaving.done():
            self.client_left.set()
        leaving.cancel()
        await send({"type": "http.response.body"})


def build_json_response(value: Any, status: int = 200) -> Response:
    """Return a response with a JSON body and its length."""
    data = json.dumps(value).encode()
    return status, {**JSON, "content-length": str(len(data))}, [data]


async def read_body(receive: Receive) -> bytes:
    """Return the whole body of a request."""
    pieces, more = [], True
    while more:
        message = await receive()
        pieces.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(pieces)


@contextmanager
def run_backend(backend: FakeBackend) -> Iterator[FakeBackend]:
    """Serve a backend over loopback until the block ends; ``url`` is its root."""
    with serve_app_in_thread(backend) as backend.url:
        yield backend
