"""Thoughts and answers in a stream."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_policy.cli._thoughts import Thoughts


def cut(pieces: list[str]) -> tuple[str, str]:
    thoughts = Thoughts()
    told = [each for piece in pieces for each in thoughts.feed(piece)] + list(thoughts.end())
    return "".join(text for thought, text in told if thought), "".join(text for thought, text in told if not thought)


@pytest.mark.parametrize(
    ("text", "thought", "answer"),
    [
        ("<think>\nHm.\n</think>\n\nHello", "<think>\nHm.\n</think>", "\n\nHello"),
        ("Hello </think>", "", "Hello </think>"),
        ("<thin", "", "<thin"),
        ("<think>never closed </thi", "<think>never closed </thi", ""),
        ("", "", ""),
    ],
)
def test_a_thought_is_what_stands_between_the_tags_at_the_front(text: str, thought: str, answer: str) -> None:
    assert cut([text]) == cut(list(text)) == (thought, answer)


@given(st.lists(st.sampled_from(["<think>", "</think>", "<", "th", "\n", "a", "</"]), max_size=10))
def test_cuts_do_not_matter_and_nothing_is_lost(pieces: list[str]) -> None:
    text = "".join(pieces)

    assert cut(pieces) == cut([text])
    assert sorted("".join(cut(pieces))) == sorted(text)
