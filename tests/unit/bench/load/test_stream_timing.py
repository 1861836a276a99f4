"""From bytes and arrival times to a line of the record."""

from __future__ import annotations

import json
from typing import Any

import pytest

from prompt_policy import load
from prompt_policy.bench.load.client import RawResponse
from prompt_policy.bench.load.stream_timing import find_answer_start, measure, parse_transcript
from prompt_policy.bench.record import MeasuredRequest
from prompt_policy.policy.names.selection import PolicySet
from prompt_policy.runtime.exchange import Exchange, open_exchange
from prompt_policy.runtime.resolver import PolicyResolver

FIELDS = {"arm": "off", "question": "q", "sample": 0, "block": 0, "seed": 1}
DONE = b"data: [DONE]\n\n"


def make_chunk(tokens: int | None = None, finish: str | None = None, **delta: str) -> bytes:
    chunk: dict[str, Any] = {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta}]}
    chunk["choices"][0]["finish_reason"] = finish
    if tokens is not None:
        chunk["usage"] = {"prompt_tokens": 7, "completion_tokens": tokens}
    return f"data: {json.dumps(chunk)}\n\n".encode()


def make_response(*pieces: bytes, status: int = 200, **changes: Any) -> RawResponse:
    """Return a response that was sent at 10 s and whose pieces arrive every 0.1 s."""
    times = [10.0 + 0.1 * (n + 1) for n in range(len(pieces))]
    return RawResponse(10.0, 10.0 + 0.1 * (len(pieces) + 1), status, {}, times, list(pieces), **changes)


def measure_pieces(*pieces: bytes, exchange: Exchange | None = None) -> MeasuredRequest:
    return measure(make_response(*pieces), exchange, FIELDS, 9.0)


def test_a_response_becomes_a_line() -> None:
    request = measure_pieces(
        make_chunk(1, reasoning="Hm"), make_chunk(2, reasoning_content="."), make_chunk(3, content="\n"),
        make_chunk(5, content="4 2"), make_chunk(5, finish="stop") + DONE,
    )  # fmt: skip
    assert (request.reasoning, request.content, request.finish, request.failure) == ("Hm.", "\n4 2", "stop", None)
    assert [request.sent_s, request.ended_s] == pytest.approx([1.0, 1.6])
    assert request.arrivals == ((100, 1), (200, 1), (300, 1), (400, 2))
    assert (request.visible_ms, request.tokens_reported) == (400, True)
    assert (request.prompt_tokens, request.completion_tokens) == (7, 5)


def test_a_split_event_arrives_with_its_last_piece() -> None:
    data = make_chunk(1, content="a") + make_chunk(2, content="b") + DONE
    for cut in range(1, len(data)):
        request = measure_pieces(data[:cut], data[cut:])
        assert request.content == "ab"
        assert sum(count for _time, count in request.arrivals) == 2


def test_unreported_tokens_are_distributed_evenly() -> None:
    end = b'data: {"choices": [], "usage": {"completion_tokens": 6}}\n\n'
    request = measure_pieces(make_chunk(content="a"), make_chunk(content="b"), make_chunk(content="c"), end + DONE)
    assert (request.tokens_reported, request.arrivals) == (False, ((100, 2), (200, 2), (300, 2)))


@pytest.mark.parametrize(
    ("raw", "failure", "message"),
    [
        (make_response(b'{"error": {"message": "no"}}', status=400, failure="http", message="HTTP 400"),
         "http", "HTTP 400: no"),
        (make_response(b"gone", status=502, failure="http", message="HTTP 502"), "http", "HTTP 502"),
        (make_response(make_chunk(1, content="a")), "stream", "the answer broke off"),
        (make_response(b'{"choices": []}'), "stream", "the response is not a stream of chat chunks"),
        (make_response(make_chunk(1, content="a"), b'data: {"error": {"message": "out of memory"}}\n\n'),
         "stream", "out of memory"),
        (make_response(failure="timeout", message="late"), "timeout", "late"),
    ],
)  # fmt: skip
def test_failures_are_classified(raw: RawResponse, failure: str, message: str) -> None:
    request = measure(raw, None, FIELDS, 9.0)
    assert (request.failure, request.message) == (failure, message)


def open_policy_exchange() -> Exchange:
    policy = load("deepseek-r1-distill")
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": True}).encode()
    return open_exchange(PolicyResolver(PolicySet([policy]), policy.name), "/chat/completions", {}, body)


def test_the_policy_rewrites_the_text_but_not_the_times() -> None:
    pieces = (make_chunk(1, content="Hm.\n</think>\n\n"), make_chunk(2, content="\n4"), make_chunk(3, content="2\n"))
    original = measure_pieces(*pieces, DONE)
    rewritten = measure_pieces(*pieces, DONE, exchange=open_policy_exchange())
    assert rewritten.content == "<think>\nHm.\n</think>\n\n42"
    assert rewritten.arrivals == original.arrivals
    assert rewritten.visible_ms == 200
    assert rewritten.policy is not None
    assert rewritten.policy.startswith("deepseek-r1-distill@")


@pytest.mark.parametrize(
    ("content", "start"), [("42", 0), ("<think>a</think>b", 16), ("a</think>b", 9), ("<think>a", None), ("", 0)]
)
def test_the_answer_starts_after_the_reasoning(content: str, start: int | None) -> None:
    assert find_answer_start(content) == start


def test_events_that_are_not_chunks_are_ignored() -> None:
    transcript = parse_transcript([b": ping\n\ndata: [1]\n\ndata: no\n\n", DONE])
    assert (transcript.texts, transcript.is_done) == ([], True)
