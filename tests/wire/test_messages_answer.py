"""Anthropic's Messages: the texts of an answer."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_policy.wire.messages_answer import MessagesStream, rewrite_message
from tests.support import apply, chat
from tests.wire.test_responses_answer import cut

TEXT = "\n\n请 Hello\n\n\n\nworld\n"
THOUGHT = {"type": "thinking", "thinking": "\nHm.\n", "signature": "s"}
USE = {"type": "tool_use", "id": "t", "name": "f", "input": {}}


def texts(kind: str = "filter_whitespace", **keys: Any) -> Any:
    defaults = {"max_blank_lines": 1} if kind == "filter_whitespace" else {}
    return apply({"kind": kind, **defaults, **keys}, chat("Hi")).answer()


def events(pieces: list[str]) -> list[dict[str, Any]]:
    return [
        {"type": "message_start", "message": {"content": []}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "\nHm.\n"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "s"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
        *({"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": p}} for p in pieces),
        {"type": "content_block_stop", "index": 1},
        {"type": "content_block_start", "index": 2, "content_block": USE},
        {"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": "\n{"}},
        {"type": "content_block_stop", "index": 2},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
        {"type": "message_stop"},
    ]


def streamed(given_: list[dict[str, Any]], **keys: Any) -> list[dict[str, Any]]:
    stream = MessagesStream(texts(**keys))
    return [out for event in given_ for out in stream.rewrite(event)] + stream.end()


def read(out: list[dict[str, Any]]) -> str:
    return "".join(event["delta"].get("text", "") for event in out if event["type"] == "content_block_delta")


@given(sizes=st.lists(st.integers(1, 5), min_size=1, max_size=20), trailing=st.sampled_from(["strip", "keep"]))
def test_streamed_is_whole_however_the_answer_is_cut(sizes: list[int], trailing: str) -> None:
    answer = {"content": [THOUGHT, {"type": "text", "text": TEXT}, USE]}

    whole = rewrite_message(answer, texts(trailing=trailing))["content"]

    assert read(streamed(events(cut(TEXT, sizes)), trailing=trailing)) == whole[1]["text"]
    assert (whole[0], whole[2]) == (THOUGHT, USE)


def test_the_text_is_clean_and_everything_else_untouched() -> None:
    given_ = events([TEXT])
    out = streamed(given_)

    assert read(out) == "请 Hello\n\nworld"
    untouched = [event for event in given_ if event.get("delta", {}).get("type") != "text_delta"]
    assert [event for event in out if event.get("delta", {}).get("type") != "text_delta"] == untouched


def test_what_was_held_back_comes_before_the_block_stops() -> None:
    out = streamed(events(["Hello\n"]), trailing="keep")

    index = out.index({"type": "content_block_stop", "index": 1})
    assert out[index - 1] == {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "\n"}}


def test_what_does_not_change_is_the_same_object() -> None:
    given_ = events(["Hello"])
    clean = {"content": [THOUGHT, {"type": "text", "text": "Hello"}]}

    assert all(a is b for a, b in zip(streamed(given_), given_, strict=True))
    assert rewrite_message(clean, texts()) is clean


def test_an_opening_is_put_back_only_where_no_thinking_came() -> None:
    rule: dict[str, Any] = {"kind": "force_opening", "text": "<think>\n"}
    bare = {"content": [{"type": "text", "text": "Hello"}]}
    thought = {"content": [THOUGHT, {"type": "text", "text": "Hello"}]}

    assert rewrite_message(bare, texts(**rule))["content"][0]["text"] == "<think>\nHello"
    assert rewrite_message(thought, texts(**rule)) is thought


@pytest.mark.parametrize("answer", [{}, {"content": 3}, {"content": [3, {"type": "text"}]}])
def test_anything_else_passes(answer: dict[str, Any]) -> None:
    assert rewrite_message(answer, texts()) is answer


@pytest.mark.parametrize("index", [[], {}, "1", 1.5, None])
def test_a_place_that_is_no_number_is_a_place_all_the_same(index: Any) -> None:
    stream = MessagesStream(texts(trailing="keep"))
    event = {"type": "content_block_delta", "index": index, "delta": {"type": "text_delta", "text": "\nHello\n"}}
    stop = {"type": "content_block_stop", "index": index}

    assert stream.rewrite(event) == [{**event, "delta": {"type": "text_delta", "text": "Hello"}}]
    assert stream.rewrite(stop) == [{**event, "delta": {"type": "text_delta", "text": "\n"}}, stop]
