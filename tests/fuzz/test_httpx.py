"""The http client host, of both families and both kinds, with hostile requests and answers over a mock transport."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_policy.httpx import policy_http_client
from prompt_policy.httpx.family import FAMILIES
from prompt_policy.wire import Endpoint
from tests.fuzz.answers import streams_for, wholes_for
from tests.fuzz.bodies import ENDPOINTS, PATHS, bodies_for
from tests.fuzz.hosts import POLICIES, driven, expected
from tests.fuzz.spelling import spelled

EVERY = pytest.mark.parametrize("endpoint", ENDPOINTS)
URL: Final = "http://127.0.0.1:9"


class FakeServer:
    """What keeps the body that it got and answers with the pieces that it was given."""

    def __init__(self, module: Any) -> None:
        self.module = module
        self.body: bytes | None = None
        self.kind = ""
        self.pieces: list[bytes] = []

    def __call__(self, request: Any) -> Any:
        self.body = request.content
        return self.module.Response(200, headers={"content-type": self.kind}, stream=self.stream())

    def stream(self) -> Any:
        pieces = self.pieces

        class Pieces(self.module.SyncByteStream, self.module.AsyncByteStream):  # type: ignore[misc, name-defined]  # made at run time
            def __iter__(self) -> Iterator[bytes]:
                return iter(pieces)

            async def __aiter__(self) -> Any:
                for piece in pieces:
                    yield piece

        return Pieces()


@cache
def made(family: str, is_async: bool, policy: str) -> tuple[FakeServer, Any]:
    """Return a server and a client of a family that enforces a policy."""
    module = importlib.import_module(family)
    server = FakeServer(module)
    kind = module.AsyncClient if is_async else module.Client
    return server, policy_http_client(POLICIES[policy], kind(transport=module.MockTransport(server), trust_env=False))


@EVERY
@given(
    data=st.data(),
    family=st.sampled_from(FAMILIES),
    is_async=st.booleans(),
    policy=st.sampled_from(list(POLICIES)),
    at=st.integers(0, 200),
    streams=st.booleans(),
)
def test_what_goes_in_and_comes_out_is_what_the_policy_says(
    endpoint: Endpoint, data: st.DataObject, family: str, is_async: bool, policy: str, at: int, streams: bool
) -> None:
    body = data.draw(bodies_for(endpoint))
    answer = (
        data.draw(streams_for(endpoint))
        if streams
        else spelled(data.draw(wholes_for(endpoint))).encode(errors="surrogatepass")
    )
    server, client = made(family, is_async, policy)
    server.body, server.pieces = None, [answer[:at], answer[at:]]
    server.kind = "text/event-stream" if streams else "application/json"

    sent = client.post(URL + PATHS[endpoint], content=body)
    response = driven(sent) if is_async else sent

    assert (server.body, response.status_code, response.content) == expected(
        policy, endpoint, body, answer, streams=streams
    )
