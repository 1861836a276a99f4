"""Reasoning and answer in a stream."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_policy.wire.answers.think_tags import MAX_LEADING_CHARS, ThinkTagSplitter


def split(pieces: list[str]) -> tuple[str, str]:
    splitter = ThinkTagSplitter(keeps_tags=True)
    pieces_with_flags = [each for piece in pieces for each in splitter.feed(piece)] + list(splitter.flush())
    return "".join(text for reasoning, text in pieces_with_flags if reasoning), "".join(
        text for reasoning, text in pieces_with_flags if not reasoning
    )


@pytest.mark.parametrize(
    ("text", "reasoning", "answer"),
    [
        ("<think>\nHm.\n</think>\n\nHello", "<think>\nHm.\n</think>", "\n\nHello"),
        ("Hello </think>", "", "Hello </think>"),
        ("<thin", "", "<thin"),
        ("<think>never closed </thi", "<think>never closed </thi", ""),
        ("", "", ""),
    ],
)
def test_text_between_leading_tags_is_reasoning(text: str, reasoning: str, answer: str) -> None:
    assert split([text]) == split(list(text)) == (reasoning, answer)


def split_without_tags(text: str, **options: Any) -> list[tuple[bool, str]]:
    splitter = ThinkTagSplitter(**options)
    return [*splitter.feed(text), *splitter.flush()]


def test_without_tags_blocks_without_visible_text_are_removed() -> None:
    assert split_without_tags("<think>\n</think>\n<think>Hm.</think>a") == [(True, "Hm."), (False, "a")]


def test_further_blocks_are_reasoning_if_they_are_repeatable() -> None:
    text = "<think>a</think><think>b</think>c"
    assert split_without_tags(text) == [(True, "a"), (False, "<think>b</think>c")]
    assert split_without_tags(text, is_repeatable=True) == [(True, "a"), (True, "b"), (False, "c")]


def test_empty_reasoning_marks_the_end_of_a_block_that_the_template_opened() -> None:
    assert split_without_tags("Hm.</think>a", is_opened=True) == [(True, "Hm."), (True, ""), (False, "a")]


def test_content_of_a_server_that_separates_reasoning_is_not_opened() -> None:
    splitter = ThinkTagSplitter(is_opened=True)
    assert (splitter.deny_opening(), splitter.deny_opening()) == (True, False)
    assert [*splitter.feed("a")] == [(False, "a")]


def test_nothing_is_split_once_the_splitter_is_stopped() -> None:
    splitter = ThinkTagSplitter()
    splitter.stop()
    assert [*splitter.feed("<think>a")] == [(False, "<think>a")]


def test_whitespace_before_a_tag_is_bounded() -> None:
    text = "\n" * (MAX_LEADING_CHARS + 1) + "<think>a</think>"
    assert split_without_tags(text) == [(False, text)]


def test_flushed_text_may_be_continued() -> None:
    splitter = ThinkTagSplitter()
    pieces = [*splitter.feed("<think>a</th"), *splitter.flush(), *splitter.feed("</think>b")]
    assert pieces == [(True, "a"), (True, "</th"), (False, "b")]
    assert [*ThinkTagSplitter().feed("<th"), *splitter.feed("</think>")] == [(False, "</think>")]


@given(st.lists(st.sampled_from(["<think>", "</think>", "<", "th", "\n", "a", "</"]), max_size=10))
def test_splitting_does_not_depend_on_chunking(pieces: list[str]) -> None:
    text = "".join(pieces)

    assert split(pieces) == split([text])
    assert sorted("".join(split(pieces))) == sorted(text)
