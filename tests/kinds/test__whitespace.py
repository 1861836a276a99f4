"""The state machine is tested through the kind that it serves: see test_filter_whitespace.py."""

from __future__ import annotations

from prompt_policy.kinds._whitespace import Whitespace


def test_plain_text_is_handed_on_as_the_same_object() -> None:
    whitespace = Whitespace(True, True, 1)
    whitespace.feed("Hello")
    text = " wor ld".join(["", "x"])
    assert whitespace.feed(text) is text
