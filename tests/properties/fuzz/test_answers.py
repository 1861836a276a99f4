"""Hostile answers, rewritten as by the hosts that work on bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_policy.runtime.exchange import Exchange
from prompt_policy.wire import Endpoint
from tests.properties.fuzz.answer_properties import check_stream, check_whole
from tests.properties.fuzz.answers import EVENTS, build_request_body, streamed_answers, whole_answers
from tests.properties.fuzz.bodies import ENDPOINTS
from tests.properties.fuzz.json_text import write_json
from tests.properties.fuzz.policies import ENFORCED, INEFFECTIVE
from tests.properties.fuzz.properties import open_fuzzed

EACH_ENDPOINT = pytest.mark.parametrize("endpoint", ENDPOINTS)
RESOLVERS = {**ENFORCED, **INEFFECTIVE}
POLICIES = st.sampled_from(list(RESOLVERS))


def open_request(endpoint: Endpoint, policy: str) -> Exchange:
    exchange = open_fuzzed(RESOLVERS[policy], endpoint, build_request_body(endpoint))
    assert not (exchange.rewrites_response and policy in INEFFECTIVE)
    return exchange


@EACH_ENDPOINT
@given(data=st.data(), policy=POLICIES)
def test_hostile_whole_answers(endpoint: Endpoint, data: st.DataObject, policy: str) -> None:
    body = write_json(data.draw(whole_answers(endpoint))).encode(errors="surrogatepass")
    check_whole(open_request(endpoint, policy), body)


@EACH_ENDPOINT
@given(data=st.data(), policy=POLICIES)
def test_hostile_streams(endpoint: Endpoint, data: st.DataObject, policy: str) -> None:
    stream = data.draw(streamed_answers(endpoint))
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=3))
    check_stream(open_request(endpoint, policy), endpoint, stream, cuts)


@EACH_ENDPOINT
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["lf", "crlf", "cr"])
@pytest.mark.parametrize("policy", ["shipped", "all kinds", "audit"])
def test_stream_is_the_same_at_every_cut(endpoint: Endpoint, end: bytes, policy: str) -> None:
    events = [b"data: " + write_json(event).encode() + end + end for event in EVENTS[endpoint]]
    stream = b"".join([b": ping" + end + end, *events, b"data: [DONE]" + end + end])
    check_stream(open_request(endpoint, policy), endpoint, stream, range(len(stream)))
