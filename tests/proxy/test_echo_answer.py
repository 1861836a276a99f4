"""What the echo backend says."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_policy.proxy.echo_answer import answer_text, answer_to_chat, pieces, words

PREFILL = {"role": "assistant", "content": "<think>\n"}
PREFILLED = {"messages": [{"role": "user", "content": "Hi"}, PREFILL], "continue_final_message": True}
PLAIN = {"messages": [{"role": "user", "content": "Hi"}]}


def test_the_request_is_told_as_it_came() -> None:
    body = {"z": "é\n```", "messages": [{"content": "你好"}], "a": None, "t": 0.60}

    _, _, rest = answer_text(body).partition("```json\n")
    told, _, tail = rest.partition("\n```")

    assert list(json.loads(told).items()) == list(body.items())
    assert "你好" in told
    assert tail == "\n\n\n\n\nEnd of echo.\n\n\n"


def test_a_prefilled_thought_is_carried_on_and_not_repeated() -> None:
    answer = answer_to_chat(PREFILLED, reasoning_parser=False)

    thought, close, rest = answer.content.partition("\n</think>\n\n")

    assert close
    assert thought.startswith("This is a stand-in")
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
def test_without_a_prefill_the_thought_is_empty(body: dict[str, Any]) -> None:
    answer = answer_to_chat(body, reasoning_parser=False)

    assert answer.content.startswith("<think>\n\n</think>\n\nThe model received:")


@pytest.mark.parametrize(("body", "reasoning"), [(PLAIN, "\n\n"), (PREFILLED, "This is a stand-in")])
def test_a_reasoning_parser_splits_at_the_closing_tag(body: dict[str, Any], reasoning: str) -> None:
    answer = answer_to_chat(body, reasoning_parser=True)

    assert answer.reasoning is not None
    assert answer.reasoning.startswith(reasoning)
    assert answer.content.startswith("\n\nThe model received:")
    assert "think>" not in answer.reasoning + answer.content.partition("```")[0]


@given(st.text(), st.integers(0, 200))
def test_pieces_make_up_the_text(text: str, choice: int) -> None:
    cut = list(pieces(text, choice))

    assert "".join(cut) == text
    assert all(1 <= len(piece) <= 7 for piece in cut)


def test_newlines_straddle_pieces() -> None:
    cut = list(pieces(answer_text({})))

    assert any(left.endswith("\n") and right.startswith("\n") for left, right in pairwise(cut))


def test_words_are_counted_in_all_texts() -> None:
    assert words([{"role": "user", "content": [{"type": "text", "text": "one two"}], "n": 3, "x": None}]) == 4
