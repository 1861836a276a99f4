"""A text that is checked twice in succession is counted once."""

from __future__ import annotations

from prompt_policy.wire.endings.guard import CheckedText
from tests.support.end_after import EndAfter


def test_text_that_ends_a_choice_is_checked_by_the_guard_once() -> None:
    texts = CheckedText(EndAfter(8))
    assert texts.can_pass(0, "content", "Hello")
    assert not texts.can_pass(0, "content", "Hello")
    assert texts.check(0, "content", "Hello") == 3


def test_text_is_checked_without_a_question_before() -> None:
    texts = CheckedText(EndAfter(8))
    assert texts.check(0, "content", "Hello") is None
    assert texts.check(0, "content", "Hello") == 3
