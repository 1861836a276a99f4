"""A streamed answer of Messages ends with the events that end every answer."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy.wire.endings.messages import MessagesEnding
from tests.support.end_after import EndAfter

USAGE = {"input_tokens": 12, "output_tokens": 1}
START = {"type": "message_start", "message": {"id": "m", "usage": USAGE}}


def delta(kind: str, key: str, text: str, index: int = 0) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, key: text}}


def feed_all(ending: MessagesEnding, *events: dict[str, Any]) -> list[dict[str, Any]]:
    return [out for event in events for out in ending.feed(event)]


@pytest.mark.parametrize(("kind", "key"), [("text_delta", "text"), ("thinking_delta", "thinking")])
def test_block_and_message_end_after_the_cut_text(kind: str, key: str) -> None:
    ending = MessagesEnding(EndAfter(8))
    events: list[dict[str, Any]] = [
        START,
        {"type": "content_block_start", "index": 0},
        *[delta(kind, key, "Hello")] * 3,
    ]
    assert feed_all(ending, *events) == [
        *events[:3],
        delta(kind, key, "Hel"),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": USAGE},
        {"type": "message_stop"},
    ]
    assert ending.is_finished


def test_usage_is_present_even_if_the_server_reported_none() -> None:
    out = feed_all(MessagesEnding(EndAfter(2)), delta("text_delta", "text", "Hello"))
    assert out[2]["usage"] == {"output_tokens": 0}


@pytest.mark.parametrize(
    "event",
    [
        START,
        {"type": "ping"},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": "abc"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "abc"}},
        {"type": "content_block_delta", "delta": None},
        {"type": "content_block_delta", "delta": {"type": ["text_delta"], "text": "abc"}},
        {"type": "content_block_delta", "delta": {"type": "text_delta", "text": 3}},
        {"type": "message_start", "message": None},
        {"type": None},
    ],
)
def test_event_without_text_passes_as_the_same_object(event: dict[str, Any]) -> None:
    (passed,) = MessagesEnding(EndAfter(1)).feed(event)
    assert passed is event
