"""Tests of the texts that the benchmarks send and receive."""

from __future__ import annotations

import json

import pytest
from benchmarks.texts import (
    ARGUMENTS,
    CHINESE,
    CODE,
    MARKDOWN,
    WORDS,
    build_answer,
    build_text_chunks,
    build_tool_chunks,
    fill,
    split_tokens,
)

TEXTS = (WORDS, MARKDOWN, CHINESE, CODE, ARGUMENTS)


def read_deltas(chunks: list[bytes]) -> list[dict[str, object]]:
    return [json.loads(chunk.removeprefix(b"data: "))["choices"][0]["delta"] for chunk in chunks]


@pytest.mark.parametrize("text", TEXTS)
def test_tokens_joined_are_the_text(text: str) -> None:
    tokens = split_tokens(text)
    assert "".join(tokens) == text
    assert 1 <= len(text) / len(tokens) <= 6


def test_markdown_contains_more_than_plain_words() -> None:
    assert all(mark in MARKDOWN for mark in ("\n\n", '"', "```python\n", "\n- ", "\n1. ", "\n   - ", "    for "))
    assert not any(mark in WORDS for mark in ("\n", '"', "`", "  "))


@pytest.mark.parametrize("size", [1_700, 100_000])
@pytest.mark.parametrize("text", [MARKDOWN, "word "])
def test_filled_text_has_its_size_and_no_trailing_whitespace(text: str, size: int) -> None:
    filled = fill(text, size)
    assert len(filled) == size
    assert not filled[-1].isspace()
    assert filled.startswith(text)


@pytest.mark.parametrize("text", TEXTS)
def test_streamed_deltas_joined_are_the_text(text: str) -> None:
    chunks = build_text_chunks(text)
    assert all(chunk.startswith(b"data: {") and chunk.endswith(b"}\n\n") for chunk in chunks)
    assert "".join(str(delta["content"]) for delta in read_deltas(chunks)) == text


def test_tool_call_starts_with_its_name() -> None:
    calls = [delta["tool_calls"][0] for delta in read_deltas(build_tool_chunks(ARGUMENTS))]  # type: ignore[index]
    assert calls[0]["function"]["name"] == "write_file"
    assert "".join(call["function"]["arguments"] for call in calls) == ARGUMENTS


def test_whole_answer_contains_the_text() -> None:
    assert json.loads(build_answer(MARKDOWN))["choices"][0]["message"]["content"] == MARKDOWN
