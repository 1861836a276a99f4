"""The part of a turn that is judged."""

from __future__ import annotations

import pytest

from prompt_policy.conditions.excerpt import HEAD, TAIL, excerpt


@pytest.mark.parametrize("length", [0, 1, HEAD, HEAD + TAIL])
def test_a_short_text_is_judged_whole(length: int) -> None:
    text = "x" * length
    assert excerpt(text) is text


def test_a_long_text_is_judged_by_its_head_and_tail() -> None:
    text = "h" * HEAD + "middle" * 100_000 + "t" * TAIL
    assert excerpt(text) == "h" * HEAD + "\n" + "t" * TAIL
