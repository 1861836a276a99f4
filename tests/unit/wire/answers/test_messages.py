"""Anthropic's Messages: rewriting of answers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_policy.wire.answers.messages import MessagesRewriter, rewrite_message
from tests.support.policies import apply, chat
from tests.unit.wire.answers.test_responses import split

TEXT = "\n\n请 Hello\n\n\n\nworld\n"
THINKING = {"type": "thinking", "thinking": "\nHm.\n", "signature": "s"}
USE = {"type": "tool_use", "id": "t", "name": "f", "input": {}}


def create_filters(kind: str = "filter_whitespace", **keys: Any) -> Any:
    defaults = {"max_blank_lines": 1} if kind == "filter_whitespace" else {}
    return apply({"kind": kind, **defaults, **keys}, chat("Hi")).create_filters()


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


def rewrite_events(original: list[dict[str, Any]], **keys: Any) -> list[dict[str, Any]]:
    stream = MessagesRewriter(create_filters(**keys))
    return [out for event in original for out in stream.feed(event)] + stream.flush()


def read(out: list[dict[str, Any]]) -> str:
    return "".join(event["delta"].get("text", "") for event in out if event["type"] == "content_block_delta")


@given(sizes=st.lists(st.integers(1, 5), min_size=1, max_size=20), trailing=st.sampled_from(["strip", "keep"]))
def test_streamed_text_equals_complete_text(sizes: list[int], trailing: str) -> None:
    answer = {"content": [THINKING, {"type": "text", "text": TEXT}, USE]}

    whole = rewrite_message(answer, create_filters(trailing=trailing))["content"]

    assert read(rewrite_events(events(split(TEXT, sizes)), trailing=trailing)) == whole[1]["text"]
    assert (whole[0], whole[2]) == (THINKING, USE)


def test_only_text_deltas_are_changed() -> None:
    original = events([TEXT])
    out = rewrite_events(original)

    assert read(out) == "请 Hello\n\nworld"
    untouched = [event for event in original if event.get("delta", {}).get("type") != "text_delta"]
    assert [event for event in out if event.get("delta", {}).get("type") != "text_delta"] == untouched


def test_buffered_text_precedes_the_block_stop() -> None:
    out = rewrite_events(events(["Hello\n"]), trailing="keep")

    index = out.index({"type": "content_block_stop", "index": 1})
    assert out[index - 1] == {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "\n"}}


def test_unchanged_answer_is_the_same_object() -> None:
    original = events(["Hello"])
    clean = {"content": [THINKING, {"type": "text", "text": "Hello"}]}

    assert all(a is b for a, b in zip(rewrite_events(original), original, strict=True))
    assert rewrite_message(clean, create_filters()) is clean


def test_prefill_is_restored_only_without_thinking() -> None:
    rule: dict[str, Any] = {"kind": "force_opening", "text": "<think>\n"}
    bare = {"content": [{"type": "text", "text": "Hello"}]}
    thought = {"content": [THINKING, {"type": "text", "text": "Hello"}]}

    assert rewrite_message(bare, create_filters(**rule))["content"][0]["text"] == "<think>\nHello"
    assert rewrite_message(thought, create_filters(**rule)) is thought


@pytest.mark.parametrize("answer", [{}, {"content": 3}, {"content": [3, {"type": "text"}]}])
def test_other_answers_pass_unchanged(answer: dict[str, Any]) -> None:
    assert rewrite_message(answer, create_filters()) is answer


@pytest.mark.parametrize("index", [[], {}, "1", 1.5, None])
def test_invalid_index_is_handled(index: Any) -> None:
    stream = MessagesRewriter(create_filters(trailing="keep"))
    event = {"type": "content_block_delta", "index": index, "delta": {"type": "text_delta", "text": "\nHello\n"}}
    stop = {"type": "content_block_stop", "index": index}

    assert stream.feed(event) == [{**event, "delta": {"type": "text_delta", "text": "Hello"}}]
    assert stream.feed(stop) == [{**event, "delta": {"type": "text_delta", "text": "\n"}}, stop]


def start(index: Any, text: str = "", **extra: Any) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": {"type": "text", "text": text, **extra}}


def delta(index: Any, text: str, **extra: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": {"type": "text_delta", "text": text, **extra}}


def stop(index: Any) -> dict[str, Any]:
    return {"type": "content_block_stop", "index": index}


def use_tool(index: Any) -> list[dict[str, Any]]:
    started = {"type": "content_block_start", "index": index, "content_block": USE}
    part = {"type": "input_json_delta", "partial_json": "\n{}"}
    return [started, {"type": "content_block_delta", "index": index, "delta": part}, stop(index)]


def think(index: Any) -> list[dict[str, Any]]:
    started = {"type": "content_block_start", "index": index, "content_block": {**THINKING, "signature": ""}}
    return [started, stop(index)]


END: list[dict[str, Any]] = [{"type": "message_delta", "delta": {"stop_reason": "end_turn"}}, {"type": "message_stop"}]
CITATION = {"type": "content_block_delta", "index": 0, "delta": {"type": "citations_delta", "citation": {"url": "u"}}}


@pytest.mark.parametrize(
    ("original", "expected"),
    [
        ([start(0, "Hello"), delta(0, " world"), stop(0)], [start(0, "Hello"), delta(0, " world"), stop(0)]),
        ([start(0, "\n\nHello\n"), delta(0, "\n"), stop(0)], [start(0, "Hello"), stop(0)]),
        ([start(0, "\n"), delta(0, "\nHello"), stop(0)], [start(0), delta(0, "Hello"), stop(0)]),
        ([start(0, "\nHello\n"), stop(0)], [start(0, "Hello"), stop(0)]),
        ([start(0, "a"), delta(0, "a "), delta(0, "!")], [start(0, "a"), delta(0, "a"), delta(0, " !")]),
    ],
)  # fmt: skip
def test_text_in_the_start_of_a_block_is_its_first_piece(original: list[Any], expected: list[Any]) -> None:
    assert rewrite_events([*original, *END]) == [*expected, *END]


BLANK = [start(1, "\n"), delta(1, "\n"), stop(1)]


@pytest.mark.parametrize(
    ("original", "expected"),
    [
        ([*think(0), *BLANK, *use_tool(2)], [*think(0), *use_tool(1)]),
        ([*think(0), start(1), delta(1, "\n"), delta(1, ""), stop(1), *use_tool(2)], [*think(0), *use_tool(1)]),
        ([*use_tool(0), *BLANK, *use_tool(2), *use_tool(3)], [*use_tool(0), *use_tool(1), *use_tool(2)]),
        (
            [*use_tool(0), *BLANK, start(2), delta(2, "\nHi"), stop(2), start(3, " "), stop(3), *use_tool(4)],
            [*use_tool(0), start(1), delta(1, "Hi"), stop(1), *use_tool(2)],
        ),
        ([*use_tool(0), *BLANK], [*use_tool(0)]),
        ([*think(0), *BLANK], [*think(0), start(1), stop(1)]),
        ([start(0), delta(0, "\n"), stop(0)], [start(0), stop(0)]),
        ([start(0, " "), stop(0), *BLANK, *think(2)], [*think(0), start(1), stop(1)]),
        ([start(0), stop(0), *use_tool(1)], [start(0), stop(0), *use_tool(1)]),
        ([start(0), delta(0, ""), stop(0), *use_tool(1)], [start(0), stop(0), *use_tool(1)]),
        (
            [start(0), delta(0, "\n"), CITATION, stop(0), *use_tool(1)],
            [start(0), CITATION, stop(0), *use_tool(1)],
        ),
        (
            [start(0, "\n", citations=[{"url": "u"}]), stop(0), *use_tool(1)],
            [start(0, "", citations=[{"url": "u"}]), stop(0), *use_tool(1)],
        ),
        ([start(0, "\n", citations=[]), stop(0), *use_tool(1)], use_tool(0)),
        ([start(None), delta(None, "\n"), stop(None), *use_tool(None)], use_tool(None)),
    ],
)
def test_text_block_that_becomes_empty_vanishes(original: list[Any], expected: list[Any]) -> None:
    for end in (END, END[1:]):
        assert rewrite_events([*original, *end]) == [*expected, *end]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ([THINKING, {"type": "text", "text": "\n"}, USE], [THINKING, USE]),
        ([{"type": "text", "text": " "}, USE, {"type": "text", "text": "\n"}], [USE]),
        ([{"type": "text", "text": " "}, {"type": "text", "text": "\nHi"}], [{"type": "text", "text": "Hi"}]),
        ([THINKING, {"type": "text", "text": "\n"}], [THINKING, {"type": "text", "text": ""}]),
        ([{"type": "text", "text": "\n"}, {"type": "text", "text": " "}], [{"type": "text", "text": ""}]),
        ([{"type": "text", "text": "\n"}, THINKING], [THINKING, {"type": "text", "text": ""}]),
        ([{"type": "text", "text": " ", "citations": [1]}, 3], [{"type": "text", "text": "", "citations": [1]}, 3]),
        ([{"type": "text", "text": "\n", "citations": None}, USE], [USE]),
        ([{"type": "text", "text": "\n"}, 3], [3]),
    ],
)  # fmt: skip
def test_text_block_of_a_whole_answer_that_becomes_empty_vanishes(content: list[Any], expected: list[Any]) -> None:
    assert rewrite_message({"content": content}, create_filters())["content"] == expected


@pytest.mark.parametrize(
    "content",
    [
        [{"type": "text", "text": ""}, USE],
        [THINKING, {"type": "text", "text": ""}],
        [{"type": "text", "text": "Hi"}, USE],
        [USE, {"type": "server_tool_use", "id": "s"}],
        [],
    ],
)
def test_empty_text_of_the_server_stays(content: list[Any]) -> None:
    answer = {"content": content}

    assert rewrite_message(answer, create_filters()) is answer


def test_blank_text_that_is_kept_is_not_empty() -> None:
    original = [start(0), delta(0, "\n"), stop(0), *use_tool(1), *END]

    assert rewrite_events(original, leading="keep", trailing="keep") == original


@pytest.mark.parametrize("extra", [{"citations": [{"url": "u"}]}, {"token_ids": [1]}, {"x": 0}])
def test_delta_with_more_than_text_stays(extra: dict[str, Any]) -> None:
    out = rewrite_events([start(0), delta(0, "\n", **extra), stop(0), *END])

    assert out == [start(0), delta(0, "", **extra), stop(0), *END]


def test_ping_is_not_delayed() -> None:
    stream = MessagesRewriter(create_filters())
    ping = {"type": "ping"}

    assert [stream.feed(event) for event in (start(0), ping, delta(0, "Hi"))] == [
        [],
        [ping],
        [start(0), delta(0, "Hi")],
    ]


def test_blocks_that_do_not_stop_lose_nothing() -> None:
    original = [start(0), start(1), delta(0, "\nA\n"), delta(1, "B\n"), *END]

    assert rewrite_events(original) == [start(0), delta(0, "A"), start(1), delta(1, "B"), *END]


def test_buffered_text_precedes_the_end_of_an_answer_whose_block_does_not_stop() -> None:
    original = [start(0), delta(0, "A\n"), *END]
    expected = [start(0), delta(0, "A"), delta(0, "\n"), *END]

    assert rewrite_events(original, trailing="keep") == expected
    assert rewrite_events(original[:2], trailing="keep") == expected[:3]


@pytest.mark.parametrize("pieces", [[], ["\n"]])
def test_start_of_a_block_is_emitted_if_the_stream_ends_before_its_text(pieces: list[str]) -> None:
    assert rewrite_events([start(0), *(delta(0, piece) for piece in pieces)]) == [start(0)]


def test_blocks_with_the_same_index_are_separate() -> None:
    original = [start(0), delta(0, "A\n"), stop(0), start(0), delta(0, "\nB"), stop(0), *END]
    expected = [start(0), delta(0, "A"), stop(0), start(0), delta(0, "B"), stop(0), *END]

    assert rewrite_events(original) == expected
