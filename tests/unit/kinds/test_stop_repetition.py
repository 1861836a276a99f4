"""StopRepetition: a streamed answer that repeats itself ends, whatever the cuts; every other answer passes."""

from __future__ import annotations

import json
import logging
import random
from collections.abc import Iterator
from typing import Any

import pytest
from benchmarks.long_texts import build_legitimate_texts
from pydantic import ValidationError

from prompt_policy import AppliedPolicy, Pipeline
from prompt_policy.runtime.exchange import Exchange
from prompt_policy.wire import Endpoint
from tests.support.policies import apply, chat, policy_of, reason

STOP = {"kind": "stop_repetition"}
SOON = {**STOP, "min_chars": 100, "min_repeats": 3}
LINE = "I am a model in a loop.\n"


def build_event(delta: dict[str, Any], index: int = 0, finish_reason: str | None = None) -> bytes:
    choice = {"index": index, "delta": delta, "finish_reason": finish_reason}
    return f"data: {json.dumps({'id': 'c', 'choices': [choice]})}\n\n".encode()


def read_stream(applied: AppliedPolicy, pieces: list[str], channel: str = "content") -> tuple[str, list[str]]:
    """Return the text that a client reads, and the finish reasons of its stream."""
    rewriter = Exchange(applied, b"").create_stream_rewriter()
    events = [*[build_event({channel: piece}) for piece in pieces], build_event({}, 0, "length"), b"data: [DONE]\n\n"]
    data = b"".join(rewriter.feed(event) for event in events) + rewriter.flush()
    assert data.endswith(b"data: [DONE]\n\n")
    assert data.count(b"[DONE]") == 1
    choices = [json.loads(line[6:])["choices"][0] for line in data.decode().splitlines() if line.startswith("data: {")]
    text = "".join(choice["delta"].get(channel) or "" for choice in choices)
    return text, [choice["finish_reason"] for choice in choices if choice["finish_reason"]]


def cut(text: str, sizes: list[int]) -> list[str]:
    pieces: list[str] = []
    start = 0
    while start < len(text):
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(text[start : start + size])
        start += size
    return pieces


@pytest.mark.parametrize("channel", ["content", "reasoning", "reasoning_content"])
@pytest.mark.parametrize("repeated", [LINE, "!", "\n", " the", "好的", LINE * 3 + "And again.\n\n"])
def test_answer_that_repeats_itself_ends_at_the_same_place_whatever_the_cuts(repeated: str, channel: str) -> None:
    text = "It begins well.\n" + repeated * (6_000 // len(repeated))
    applied = apply(STOP, chat("Hi", stream=True))
    ends = {read_stream(applied, cut(text, sizes), channel)[0] for sizes in ([1], [4], [7, 1, 300], [50_000])}
    assert len(ends) == 1
    assert 4000 < len(ends.pop()) < 4200
    assert read_stream(applied, cut(text, [4]), channel)[1] == ["stop"]


@pytest.mark.parametrize("name", build_legitimate_texts())
def test_legitimate_answer_passes_unchanged(name: str) -> None:
    text = build_legitimate_texts(7)[name]
    assert read_stream(apply(STOP, chat("Hi", stream=True)), cut(text, [400])) == (text, ["length"])


@pytest.mark.parametrize(
    ("keys", "repeats", "ends"),
    [
        ({"min_chars": 100, "min_repeats": 3}, 30, True),
        ({"min_chars": 1000, "min_repeats": 3}, 30, False),
        ({"min_chars": 1000, "min_repeats": 3}, 50, True),
        ({"min_chars": 100, "min_repeats": 40}, 30, False),
        ({"min_chars": 100, "min_repeats": 40}, 60, True),
        ({"min_chars": 100, "min_repeats": 3, "max_period": 10}, 60, False),
        ({"min_chars": 100, "min_repeats": 3, "channels": ["reasoning"]}, 60, False),
    ],
)
def test_each_setting_has_an_effect_of_its_own(keys: dict[str, Any], repeats: int, ends: bool) -> None:
    text = LINE * repeats
    read, reasons = read_stream(apply({**STOP, **keys}, chat("Hi", stream=True)), cut(text, [4]))
    assert (len(read) < len(text), reasons == ["stop"]) == (ends, ends)


def test_text_that_other_rules_change_is_watched_as_the_server_sends_it() -> None:
    tidy = {"kind": "filter_whitespace", "max_blank_lines": 1, "trailing": "keep"}
    for rules in ([SOON, tidy], [tidy, SOON]):
        applied = Pipeline(policy_of(*rules)).apply(chat("Hi", stream=True), "chat")
        assert read_stream(applied, ["Hello", *["\n"] * 500]) == ("Hello\n\n", ["stop"])


def test_channels_do_not_share_their_text() -> None:
    applied = apply(SOON, chat("Hi", stream=True))
    rewriter = Exchange(applied, b"").create_stream_rewriter()
    for _ in range(3):
        rewriter.feed(build_event({"reasoning": LINE}))
        rewriter.feed(build_event({"content": LINE}))
    assert not rewriter.is_finished


@pytest.mark.parametrize("stream", [False, None, "true", 1])
def test_whole_answer_is_skipped(stream: Any) -> None:
    applied = apply(STOP, chat("Hi", stream=stream))
    assert reason(applied) == "not a stream"
    assert not applied.acts_on_answer


@pytest.mark.parametrize(
    ("endpoint", "acts"), [("chat", True), ("completions", True), ("messages", True), ("responses", False)]
)
def test_endpoints(endpoint: Endpoint, acts: bool) -> None:
    assert apply(STOP, chat("Hi", stream=True), endpoint).acts_on_answer is acts


def test_condition_applies() -> None:
    rule = {**STOP, "when": {"has_tools": True}}
    assert not apply(rule, chat("Hi", stream=True)).acts_on_answer
    assert apply(rule, chat("Hi", stream=True, tools=[{}])).acts_on_answer


def test_end_is_logged_without_text(caplog: pytest.LogCaptureFixture) -> None:
    read_stream(apply({**SOON, "name": "guard"}, chat("Hi", stream=True)), [LINE] * 50)
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage() == "policy test, rule guard: ended an answer, because it repeats itself"


def test_audited_rule_only_reports(caplog: pytest.LogCaptureFixture) -> None:
    text = LINE * 50
    assert read_stream(apply({**SOON, "mode": "audit"}, chat("Hi", stream=True)), [LINE] * 50) == (text, ["length"])
    [record] = caplog.records
    assert "would have ended an answer" in record.getMessage()


def test_only_the_choice_that_repeats_itself_ends() -> None:
    rewriter = Exchange(apply(SOON, chat("Hi", stream=True, n=2)), b"").create_stream_rewriter()

    def send() -> Iterator[bytes]:
        for number in range(50):
            yield rewriter.feed(build_event({"content": LINE}, 0))
            yield rewriter.feed(build_event({"content": f"{random.Random(number).random()}\n"}, 1))

    lines = b"".join(send()).decode().splitlines()
    choices = [json.loads(line[6:])["choices"][0] for line in lines if line]
    assert sum(choice["index"] == 1 for choice in choices) == 50
    assert [choice["index"] for choice in choices if choice["finish_reason"] == "stop"] == [0]
    assert not rewriter.is_finished
    assert rewriter.feed(build_event({}, 1, "stop")).endswith(b"data: [DONE]\n\n")
    assert rewriter.is_finished


@pytest.mark.parametrize(
    "keys",
    [
        {"max_period": 0},
        {"max_period": 10_001},
        {"min_repeats": 2},
        {"min_chars": 99},
        {"min_chars": None},
        {"channels": []},
        {"channels": ["tool_calls"]},
    ],
)
def test_invalid_settings_are_rejected(keys: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        policy_of({**STOP, **keys})
