"""Chat chunks: changed, dropped, and added before what ends their text."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from prompt_policy.wire.answers.chat_stream import ChatChunkRewriter
from tests.support.upper_filter import UpperFilter, choice, chunk

USAGE = {"choices": [], "id": "1", "usage": {"total_tokens": 3}}


def rewrite(*chunks: dict[str, Any]) -> list[dict[str, Any]]:
    rewriter = ChatChunkRewriter(UpperFilter())
    return [out for each in chunks for out in rewriter.feed(each)] + rewriter.flush()


@pytest.mark.parametrize(
    "unchanged",
    [
        chunk(choice({"content": "A"})),
        chunk(choice({"content": ""})),
        chunk(choice({"content": None, "tool_calls": [{"index": 0}]})),
        chunk(choice({}, finish="stop")),
        chunk(usage={"total_tokens": 3}),
        chunk(choice({"refusal": "no"})),
        chunk(choice({"content": [{"type": "text", "text": "A"}]})),
        {"id": "1"},
        {"error": {"message": "x"}},
        {"choices": "x"},
        {"choices": [None]},
        {"choices": [{"delta": None}]},
    ],
)
def test_unchanged_chunk_is_the_same_object(unchanged: dict[str, Any]) -> None:
    [out] = ChatChunkRewriter(UpperFilter()).feed(unchanged)
    assert out is unchanged


def test_changed_chunk_is_a_copy_with_other_fields_kept() -> None:
    original = chunk(choice({"role": "assistant", "content": "a", "tool_calls": None}, finish="stop"), created=7)
    before = copy.deepcopy(original)
    assert rewrite(original) == [
        chunk(choice({"role": "assistant", "content": "A", "tool_calls": None}, finish="stop"), created=7)
    ]
    assert original == before


def test_equal_reasoning_under_both_keys_is_filtered_once() -> None:
    assert rewrite(chunk(choice({"reasoning": "a!", "reasoning_content": "a!"}))) == [
        chunk(choice({"reasoning": "A", "reasoning_content": "A"})),
        chunk(choice({"reasoning": "!", "reasoning_content": "!"})),
    ]


def test_different_reasoning_under_both_keys_is_not_changed() -> None:
    other = chunk(choice({"reasoning": "a", "reasoning_content": "b"}))
    assert rewrite(other) == [other]


def test_chunk_with_nothing_left_is_dropped() -> None:
    assert rewrite(chunk(choice({"content": " "}, logprobs=None), usage=None, created=1)) == []


@pytest.mark.parametrize(
    ("kept", "out"),
    [
        (chunk(choice({"content": " "}, finish="stop")), chunk(choice({"content": ""}, finish="stop"))),
        (chunk(choice({"content": " ", "role": "assistant"})), chunk(choice({"content": "", "role": "assistant"}))),
        (chunk(choice({"content": " ", "annotations": [1]})), chunk(choice({"content": "", "annotations": [1]}))),
        (chunk(choice({"content": " "}, token_ids=[5])), chunk(choice({"content": ""}, token_ids=[5]))),
        (chunk(choice({"content": " "}), citations=["x"]), chunk(choice({"content": ""}), citations=["x"])),
        (chunk(choice({"content": " "}), usage={"a": 1}), chunk(choice({"content": ""}), usage={"a": 1})),
        (chunk(choice({"content": " "}), choice({"content": "a"}, 1)), chunk(choice({"content": "A"}, 1))),
    ],
)
def test_chunk_with_anything_else_is_kept(kept: dict[str, Any], out: dict[str, Any]) -> None:
    assert rewrite(kept) == [out]


def test_choices_do_not_share_buffers() -> None:
    assert rewrite(chunk(choice({"content": "a!"}), choice({"content": "b"}, 1)), chunk(choice({"content": "c"}))) == [
        chunk(choice({"content": "A"}), choice({"content": "B"}, 1)),
        chunk(choice({"content": "!C"})),
    ]


def test_buffered_reasoning_precedes_the_first_content() -> None:
    assert rewrite(
        chunk(choice({"reasoning": "a!"}), created=1, citations=["x"]),
        chunk(choice({"content": " "}), created=1),
        chunk(choice({"content": "B"}), created=1),
    ) == [
        chunk(choice({"reasoning": "A"}), created=1, citations=["x"]),
        chunk(choice({"reasoning": "!"}), created=1),
        chunk(choice({"content": "B"}), created=1),
    ]


def test_buffered_text_precedes_tool_calls_the_finish_and_the_usage() -> None:
    call, end = chunk(choice({"tool_calls": [{"index": 0}]})), chunk(choice({}, finish="tool_calls"))
    assert rewrite(chunk(choice({"content": "A!"})), call, end, USAGE) == [
        chunk(choice({"content": "A"})), chunk(choice({"content": "!"})), call, end, USAGE,
    ]  # fmt: skip
    finish = chunk(choice({}, finish="stop"), usage={"total_tokens": 1})
    assert rewrite(chunk(choice({"content": "A!"})), finish) == [
        chunk(choice({"content": "A"})), chunk(choice({"content": "!"})), finish,
    ]  # fmt: skip


def test_buffered_text_precedes_the_usage_of_a_stream_without_finish() -> None:
    assert rewrite(chunk(choice({"content": "A!"})), USAGE) == [
        chunk(choice({"content": "A"})), chunk(choice({"content": "!"})), USAGE,
    ]  # fmt: skip


@pytest.mark.parametrize("delta", [{}, {"content": None, "role": None}, None])
def test_buffered_text_of_another_choice_precedes_a_usage_beside_a_finished_choice(delta: Any) -> None:
    both, end = chunk(choice({"content": "A!"}), choice({"content": "B!"}, 1)), chunk(choice({}, finish="stop"))
    usage = chunk(choice(delta), usage={"total_tokens": 1})
    assert rewrite(both, end, usage)[-3:] == [end, chunk(choice({"content": "!"}, 1)), usage]


@pytest.mark.parametrize("delta", [{"content": "C"}, {"tool_calls": [{"index": 0}]}, {"refusal": "C"}])
def test_a_usage_beside_a_choice_that_goes_on_ends_no_text(delta: Any) -> None:
    both, end = chunk(choice({"content": "A!"}), choice({"content": "B!"}, 1)), chunk(choice({}, finish="stop"))
    goes_on = chunk(choice(delta), usage={"total_tokens": 1})
    assert rewrite(both, end, goes_on)[-2:] == [goes_on, chunk(choice({"content": "!"}, 1))]


def test_a_usage_beside_an_empty_delta_before_the_finish_ends_no_text() -> None:
    empty = chunk(choice({}), usage={"total_tokens": 1})
    assert rewrite(chunk(choice({"content": "A!"})), empty, chunk(choice({"content": "B"}))) == [
        chunk(choice({"content": "A"})), empty, chunk(choice({"content": "!B"})),
    ]  # fmt: skip


def test_text_after_the_finish_is_still_filtered() -> None:
    assert rewrite(chunk(choice({}, finish="stop")), chunk(choice({"content": "a!"}))) == [
        chunk(choice({}, finish="stop")), chunk(choice({"content": "A"})), chunk(choice({"content": "!"})),
    ]  # fmt: skip


def test_each_choice_ends_by_itself() -> None:
    assert rewrite(
        chunk(choice({"content": "A!"}), choice({"content": "B!"}, 1)), chunk(choice({}, finish="stop"))
    ) == [
        chunk(choice({"content": "A"}), choice({"content": "B"}, 1)),
        chunk(choice({"content": "!"})),
        chunk(choice({}, finish="stop")),
        chunk(choice({"content": "!"}, 1)),
    ]


def test_only_text_of_the_open_channel_depends_on_filters_alone() -> None:
    rewriter = ChatChunkRewriter(UpperFilter())
    rewriter.feed(chunk(choice({"reasoning": "a!"})))
    assert (rewriter.is_open(0, "reasoning"), rewriter.is_open(0, "content")) == (True, False)
    rewriter.feed(chunk(choice({"content": " "})))
    assert not rewriter.is_open(0, "content")
    rewriter.feed(chunk(choice({"content": "b"})))
    assert rewriter.is_open(0, "content")
