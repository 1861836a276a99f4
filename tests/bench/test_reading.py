"""From bytes and times to a line of the record."""

from __future__ import annotations

import json
from typing import Any

import pytest

from prompt_policy import load
from prompt_policy.bench.loadgen import Raw
from prompt_policy.bench.reading import answer_start, measured, told
from prompt_policy.policy.select import PolicySet
from prompt_policy.runtime.exchange import Exchange, open_exchange
from prompt_policy.runtime.policing import Policing

KNOWN = {"arm": "off", "question": "q", "sample": 0, "block": 0, "seed": 1}


def chunk(tokens: int | None = None, finish: str | None = None, **delta: str) -> bytes:
    value: dict[str, Any] = {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta}]}
    value["choices"][0]["finish_reason"] = finish
    if tokens is not None:
        value["usage"] = {"prompt_tokens": 7, "completion_tokens": tokens}
    return f"data: {json.dumps(value)}\n\n".encode()


def raw(*pieces: bytes, status: int = 200, **changed: Any) -> Raw:
    times = [10.0 + 0.1 * (n + 1) for n in range(len(pieces))]
    return Raw(10.0, 10.0 + 0.1 * (len(pieces) + 1), status, {}, times, list(pieces), **changed)


DONE = b"data: [DONE]\n\n"


def test_an_answer_becomes_a_line() -> None:
    one = measured(
        raw(chunk(1, reasoning="Hm"), chunk(2, reasoning_content="."), chunk(3, content="\n"), chunk(5, content="4 2"),
            chunk(5, finish="stop") + DONE),
        None, KNOWN, 9.0,
    )  # fmt: skip
    assert (one.reasoning, one.content, one.finish, one.trouble) == ("Hm.", "\n4 2", "stop", None)
    assert [one.sent_s, one.ended_s] == pytest.approx([1.0, 1.6])
    assert one.arrivals == ((100, 1), (200, 1), (300, 1), (400, 2))
    assert (one.visible_ms, one.tokens_told, one.prompt_tokens, one.completion_tokens) == (400, True, 7, 5)


def test_events_cut_anywhere_are_one_arrival_where_they_end() -> None:
    data = chunk(1, content="a") + chunk(2, content="b") + DONE
    for cut in range(1, len(data)):
        one = measured(raw(data[:cut], data[cut:]), None, KNOWN, 9.0)
        assert one.content == "ab"
        assert sum(count for _time, count in one.arrivals) == 2


def test_where_chunks_tell_no_tokens_they_are_spread_evenly() -> None:
    end = b'data: {"choices": [], "usage": {"completion_tokens": 6}}\n\n'
    one = measured(raw(chunk(content="a"), chunk(content="b"), chunk(content="c"), end + DONE), None, KNOWN, 9.0)
    assert (one.tokens_told, one.arrivals) == (False, ((100, 2), (200, 2), (300, 2)))


@pytest.mark.parametrize(
    ("made", "trouble", "words"),
    [
        (raw(b'{"error": {"message": "no"}}', status=400, trouble="http", message="HTTP 400"), "http", "HTTP 400: no"),
        (raw(b"gone", status=502, trouble="http", message="HTTP 502"), "http", "HTTP 502"),
        (raw(chunk(1, content="a")), "stream", "the answer broke off"),
        (raw(b'{"choices": []}'), "stream", "no stream of chat chunks"),
        (raw(chunk(1, content="a"), b'data: {"error": {"message": "out of memory"}}\n\n'), "stream", "out of memory"),
        (raw(trouble="timeout", message="late"), "timeout", "late"),
    ],
)
def test_what_went_wrong_is_told(made: Raw, trouble: str, words: str) -> None:
    one = measured(made, None, KNOWN, 9.0)
    assert (one.trouble, one.message) == (trouble, words)


def exchange() -> Exchange:
    policy = load("deepseek-r1-distill")
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": True}).encode()
    return open_exchange(Policing(PolicySet([policy]), policy.name), "/chat/completions", {}, body)


def test_the_policy_reads_the_answer_and_the_times_stay() -> None:
    pieces = (chunk(1, content="Hm.\n</think>\n\n"), chunk(2, content="\n4"), chunk(3, content="2\n"), DONE)
    plain, policed = measured(raw(*pieces), None, KNOWN, 9.0), measured(raw(*pieces), exchange(), KNOWN, 9.0)
    assert policed.content == "<think>\nHm.\n</think>\n\n42"
    assert policed.arrivals == plain.arrivals
    assert policed.visible_ms == 200
    assert policed.policy is not None
    assert policed.policy.startswith("deepseek-r1-distill@")


@pytest.mark.parametrize(
    ("content", "start"), [("42", 0), ("<think>a</think>b", 16), ("a</think>b", 9), ("<think>a", None), ("", 0)]
)
def test_where_the_answer_begins(content: str, start: int | None) -> None:
    assert answer_start(content) == start


def test_what_is_no_chunk_is_passed_over() -> None:
    found = told([b": ping\n\ndata: [1]\n\ndata: no\n\n", DONE])
    assert (found.texts, found.is_done) == ([], True)
