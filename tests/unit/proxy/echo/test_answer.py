"""The answers of the echo server."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_policy.proxy.echo.answer import build_answer_text, build_chat_answer, count_words, split_into_pieces

PREFILL = {"role": "assistant", "content": "<think>\n"}
PREFILLED = {"messages": [{"role": "user", "content": "Hi"}, PREFILL], "continue_final_message": True}
PLAIN = {"messages": [{"role": "user", "content": "Hi"}]}


def test_the_answer_contains_the_received_request() -> None:
    body = {"z": "é\n```", "messages": [{"content": "你好"}], "a": None, "t": 0.60}

    _, _, rest = build_answer_text(body).partition("```json\n")
    received, _, tail = rest.partition("\n```")

    assert list(json.loads(received).items()) == list(body.items())
    assert "你好" in received
    assert tail == "\n\n\n\n\nEnd of echo.\n\n\n"


def test_prefilled_reasoning_is_continued_not_repeated() -> None:
    answer = build_chat_answer(PREFILLED, reasoning_parser=False)

    reasoning, close, rest = answer.content.partition("\n</think>\n\n")

    assert close
    assert reasoning.startswith("This server runs no model")
    assert rest.startswith("The model received:\n\n```json\n{")
    assert answer.reasoning is None


@pytest.mark.parametrize(
    "body",
    [
        PLAIN,
        {**PREFILLED, "continue_final_message": False},
        {**PREFILLED, "messages": [{"role": "user", "content": "<think>\n"}]},
        {**PREFILLED, "messages": [{"role": "assistant", "content": "Sure: "}]},
        {**PREFILLED, "messages": [{"role": "assistant", "content": None}]},
        {**PREFILLED, "messages": []},
        {**PREFILLED, "messages": "Hi"},
        {},
    ],
)
def test_without_a_prefill_the_reasoning_is_empty(body: dict[str, Any]) -> None:
    answer = build_chat_answer(body, reasoning_parser=False)

    assert answer.content.startswith("<think>\n\n</think>\n\nThe model received:")


@pytest.mark.parametrize(("body", "reasoning"), [(PLAIN, "\n\n"), (PREFILLED, "This server runs no model")])
def test_a_reasoning_parser_splits_at_the_closing_tag(body: dict[str, Any], reasoning: str) -> None:
    answer = build_chat_answer(body, reasoning_parser=True)

    assert answer.reasoning is not None
    assert answer.reasoning.startswith(reasoning)
    assert answer.content.startswith("\n\nThe model received:")
    assert "think>" not in answer.reasoning + answer.content.partition("```")[0]


@given(st.text(), st.integers(0, 200))
def test_pieces_concatenate_to_the_text(text: str, choice: int) -> None:
    cut = list(split_into_pieces(text, choice))

    assert "".join(cut) == text
    assert all(1 <= len(piece) <= 7 for piece in cut)


def test_newlines_are_cut_between_pieces() -> None:
    cut = list(split_into_pieces(build_answer_text({})))

    assert any(left.endswith("\n") and right.startswith("\n") for left, right in pairwise(cut))


def test_words_are_counted_in_all_strings() -> None:
    assert count_words([{"role": "user", "content": [{"type": "text", "text": "one two"}], "n": 3, "x": None}]) == 4
