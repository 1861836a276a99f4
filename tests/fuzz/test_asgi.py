"""The ASGI host, called as a server calls it, with hostile requests and answers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_policy.asgi import Message, PolicyMiddleware, Receive, Scope, Send
from prompt_policy.wire import Endpoint
from tests.fuzz.answers import streams_for, wholes_for
from tests.fuzz.bodies import ENDPOINTS, PATHS, bodies_for
from tests.fuzz.hosts import POLICIES, driven, expected
from tests.fuzz.spelling import spelled

EVERY = pytest.mark.parametrize("endpoint", ENDPOINTS)


class FakeApp:
    """An app that keeps the body that it got and answers with the pieces that it was given."""

    def __init__(self, kind: bytes, pieces: list[bytes]) -> None:
        self.kind, self.pieces = kind, pieces
        self.body: bytes | None = None

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        self.body = message["body"]
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", self.kind)]})
        for piece in self.pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def called(app: Any, endpoint: Endpoint, pieces: list[bytes]) -> tuple[int, bytes]:
    """Call an app with a body in pieces; return the status and the body that come back."""
    last = len(pieces) - 1
    coming = [{"type": "http.request", "body": piece, "more_body": n < last} for n, piece in enumerate(pieces)]
    went: list[Message] = []

    async def receive() -> Message:
        return coming.pop(0)

    async def send(message: Message) -> None:
        went.append(message)

    driven(app({"type": "http", "method": "POST", "path": PATHS[endpoint], "headers": []}, receive, send))
    return went[0]["status"], b"".join(message["body"] for message in went[1:])


@EVERY
@given(data=st.data(), policy=st.sampled_from(list(POLICIES)), at=st.integers(0, 200), streams=st.booleans())
def test_what_goes_in_and_comes_out_is_what_the_policy_says(
    endpoint: Endpoint, data: st.DataObject, policy: str, at: int, streams: bool
) -> None:
    body = data.draw(bodies_for(endpoint))
    if streams:
        kind, answer = b"text/event-stream", data.draw(streams_for(endpoint))
    else:
        kind, answer = b"application/json", spelled(data.draw(wholes_for(endpoint))).encode(errors="surrogatepass")
    app = FakeApp(kind, [answer[:at], answer[at:]])

    out = called(PolicyMiddleware(app, POLICIES[policy]), endpoint, [body[:at], body[at:]])

    assert (app.body, *out) == expected(policy, endpoint, body, answer, streams=streams)
