"""Content that is a list of parts."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy.wire.answers.content_parts import create_part, rewrite_parts
from prompt_policy.wire.answers.sequence import ChannelSequence
from tests.support.upper_filter import UpperFilter


def text(value: str, **keys: Any) -> dict[str, Any]:
    return {"type": "text", "text": value, **keys}


def thinking(*pieces: Any, **keys: Any) -> dict[str, Any]:
    return {"type": "thinking", "thinking": list(pieces), **keys}


def rewrite(*parts: Any, ends_text: bool = True) -> list[Any]:
    return rewrite_parts(list(parts), ChannelSequence(UpperFilter()), 0, ends_text)


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [text("A"), thinking(text("B"))],
        [{"type": "thinking", "thinking": "A"}, text("B")],
        [{"type": "reference", "reference_ids": [1]}, {"type": "text"}, "x", 3, None, thinking(3), {"type": []}],
    ],
)
def test_unchanged_parts_are_the_same_list(parts: list[Any]) -> None:
    assert rewrite_parts(parts, ChannelSequence(UpperFilter()), 0, ends_text=True) is parts


def test_buffered_text_precedes_a_part_of_the_other_channel() -> None:
    assert rewrite(text("a!"), thinking(text("b!")), text("c")) == [
        text("A"), text("!"), thinking(text("B")), thinking(text("!")), text("C"),
    ]  # fmt: skip


def test_buffered_text_at_the_end_is_added_only_if_the_text_ends() -> None:
    assert rewrite(text("a!")) == [text("A"), text("!")]
    assert rewrite(text("a!"), ends_text=False) == [text("A")]


def test_only_parts_without_anything_else_are_removed() -> None:
    assert rewrite(text(" "), thinking(text(" ")), text(" ", cited=True), thinking(text(" "), closed=True)) == [
        text("", cited=True), thinking(closed=True),
    ]  # fmt: skip


def test_created_parts_have_the_form_of_their_channel() -> None:
    assert create_part("content", "a") == text("a")
    assert create_part("reasoning", "a") == thinking(text("a"))
