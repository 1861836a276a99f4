"""Hostile answers, as the hosts that see bytes meet them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_policy.runtime.exchange import Exchange
from prompt_policy.wire import Endpoint
from tests.fuzz.answer_properties import check_stream, check_whole
from tests.fuzz.answers import EVENTS, streams_for, text_body, wholes_for
from tests.fuzz.bodies import ENDPOINTS
from tests.fuzz.policies import ENFORCED, UNTOUCHING
from tests.fuzz.properties import opened
from tests.fuzz.spelling import spelled

EVERY = pytest.mark.parametrize("endpoint", ENDPOINTS)
POLICINGS = {**ENFORCED, **UNTOUCHING}
POLICIES = st.sampled_from(list(POLICINGS))


def asked(endpoint: Endpoint, policy: str) -> Exchange:
    exchange = opened(POLICINGS[policy], endpoint, text_body(endpoint))
    assert not (exchange.rewrites and policy in UNTOUCHING)
    return exchange


@EVERY
@given(data=st.data(), policy=POLICIES)
def test_no_whole_answer_is_harmed(endpoint: Endpoint, data: st.DataObject, policy: str) -> None:
    body = spelled(data.draw(wholes_for(endpoint))).encode(errors="surrogatepass")
    check_whole(asked(endpoint, policy), body)


@EVERY
@given(data=st.data(), policy=POLICIES)
def test_no_stream_is_harmed(endpoint: Endpoint, data: st.DataObject, policy: str) -> None:
    stream = data.draw(streams_for(endpoint))
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=3))
    check_stream(asked(endpoint, policy), endpoint, stream, cuts)


@EVERY
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["lf", "crlf", "cr"])
@pytest.mark.parametrize("policy", ["shipped", "all kinds", "audit"])
def test_a_stream_is_the_same_at_every_cut(endpoint: Endpoint, end: bytes, policy: str) -> None:
    events = [b"data: " + spelled(event).encode() + end + end for event in EVENTS[endpoint]]
    stream = b"".join([b": ping" + end + end, *events, b"data: [DONE]" + end + end])
    check_stream(asked(endpoint, policy), endpoint, stream, range(len(stream)))
