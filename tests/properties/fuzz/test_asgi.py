"""The ASGI middleware, called as by a server, with hostile requests and answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_policy.asgi import PolicyMiddleware
from prompt_policy.wire import Endpoint
from tests.properties.fuzz.answers import streamed_answers, whole_answers
from tests.properties.fuzz.bodies import ENDPOINTS, request_bodies
from tests.properties.fuzz.hosts import POLICIES, expect_exchange, run_without_loop
from tests.properties.fuzz.json_text import write_json
from tests.support.fake_asgi_app import FakeAsgiApp, call_app
from tests.support.responses import PATHS

EACH_ENDPOINT = pytest.mark.parametrize("endpoint", ENDPOINTS)


@EACH_ENDPOINT
@given(data=st.data(), policy=st.sampled_from(list(POLICIES)), at=st.integers(0, 200), streams=st.booleans())
def test_host_forwards_and_returns_what_the_exchange_does(
    endpoint: Endpoint, data: st.DataObject, policy: str, at: int, streams: bool
) -> None:
    body = data.draw(request_bodies(endpoint))
    if streams:
        kind, answer = b"text/event-stream", data.draw(streamed_answers(endpoint))
    else:
        kind, answer = (
            b"application/json",
            write_json(data.draw(whole_answers(endpoint))).encode(errors="surrogatepass"),
        )
    app = FakeAsgiApp([answer[:at], answer[at:]], (b"content-type", kind))
    middleware = PolicyMiddleware(app, POLICIES[policy])

    response = run_without_loop(call_app(middleware, [body[:at], body[at:]], path=PATHS[endpoint]))

    received = app.body if app.scope else None
    assert (received, response.status, response.body) == expect_exchange(
        policy, endpoint, body, answer, streams=streams
    )
