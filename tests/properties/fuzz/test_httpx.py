"""The HTTP client of both families, synchronous and asynchronous, with hostile requests and answers."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_policy.httpx import policy_http_client
from prompt_policy.httpx.backends import LIBRARIES
from prompt_policy.wire import Endpoint
from tests.properties.fuzz.answers import streamed_answers, whole_answers
from tests.properties.fuzz.bodies import ENDPOINTS, request_bodies
from tests.properties.fuzz.hosts import POLICIES, expect_exchange, run_without_loop
from tests.properties.fuzz.json_text import write_json
from tests.support.responses import PATHS

EACH_ENDPOINT = pytest.mark.parametrize("endpoint", ENDPOINTS)
URL: Final = "http://127.0.0.1:9"


class FakeHandler:
    """A handler of a mock transport that records the body and answers with fixed pieces.

    A mock transport, and not ``FakeBackend``, because thousands of examples need no socket and run without a loop.
    """

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

        class Pieces(self.module.SyncByteStream, self.module.AsyncByteStream):  # type: ignore[misc, name-defined]  # created at run time
            def __iter__(self) -> Iterator[bytes]:
                return iter(pieces)

            async def __aiter__(self) -> Any:
                for piece in pieces:
                    yield piece

        return Pieces()


@cache
def build_client(family: str, is_async: bool, policy: str) -> tuple[FakeHandler, Any]:
    """Return a handler, and a client of a family that enforces a policy."""
    module = importlib.import_module(family)
    handler = FakeHandler(module)
    kind = module.AsyncClient if is_async else module.Client
    return handler, policy_http_client(POLICIES[policy], kind(transport=module.MockTransport(handler), trust_env=False))


@EACH_ENDPOINT
@given(
    data=st.data(),
    family=st.sampled_from(LIBRARIES),
    is_async=st.booleans(),
    policy=st.sampled_from(list(POLICIES)),
    at=st.integers(0, 200),
    streams=st.booleans(),
)
def test_host_forwards_and_returns_what_the_exchange_does(
    endpoint: Endpoint, data: st.DataObject, family: str, is_async: bool, policy: str, at: int, streams: bool
) -> None:
    body = data.draw(request_bodies(endpoint))
    answer = (
        data.draw(streamed_answers(endpoint))
        if streams
        else write_json(data.draw(whole_answers(endpoint))).encode(errors="surrogatepass")
    )
    handler, client = build_client(family, is_async, policy)
    handler.body, handler.pieces = None, [answer[:at], answer[at:]]
    handler.kind = "text/event-stream" if streams else "application/json"

    sent = client.post(URL + PATHS[endpoint], content=body)
    response = run_without_loop(sent) if is_async else sent

    assert (handler.body, response.status_code, response.content) == expect_exchange(
        policy, endpoint, body, answer, streams=streams
    )
