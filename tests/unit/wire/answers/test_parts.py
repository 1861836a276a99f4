"""Rewriting of answers that consist of parts."""

from __future__ import annotations

import pytest

from prompt_policy.wire.answers.parts import PartRewriter, holds_only
from tests.support.policies import apply, chat


def create_parts(**keys: object) -> PartRewriter:
    filters = apply({"kind": "filter_whitespace", **keys}, chat("Hi")).create_filters()
    assert filters is not None
    return PartRewriter(filters)


def test_each_part_has_its_own_filters() -> None:
    parts = create_parts()

    assert [parts.feed(key, "content", "\nA\n") for key in ("a", "b")] == ["A", "A"]


def test_flush_returns_buffered_text_once() -> None:
    parts = create_parts(trailing="keep")
    parts.feed("a", "content", "A\n")

    assert (parts.flush("a"), parts.flush("a")) == ("\n", "")
    assert parts.final_text("a", "content", "whatever") == "A\n"


def test_part_that_was_not_fed_is_rewritten_as_a_whole() -> None:
    parts = create_parts()

    assert not parts.has_started("a")
    assert parts.final_text("a", "reasoning", "\nHm.\n") == "Hm."


def test_reasoning_is_reported_to_the_first_content_part() -> None:
    with_reasoning = apply({"kind": "force_opening", "text": "<think>\n"}, chat("Hi")).create_filters()
    without_reasoning = apply({"kind": "force_opening", "text": "<think>\n"}, chat("Hi")).create_filters()
    assert with_reasoning is not None and without_reasoning is not None  # noqa: PT018
    first, second = PartRewriter(without_reasoning), PartRewriter(with_reasoning)

    assert first.feed("a", "content", "Hello") == "<think>\nHello"
    second.note_reasoning("Hm.")
    assert second.feed("a", "content", "Hello") == "Hello"


def test_empty_delta_does_not_begin_a_part_again() -> None:
    for opening in ("A\n", "\n"):
        parts = create_parts(leading="keep")
        parts.open("a", "content", opening)

        pieces = [parts.feed("a", "content", piece) for piece in ("", " ", "", "B")]
        assert pieces == ["", "", "", opening.lstrip("A") + " B"]


def test_whitespace_after_an_opening_text_is_flushed() -> None:
    parts = create_parts(trailing="keep", leading="keep", max_blank_lines=5)
    parts.open("a", "content", "\nA\n")

    assert (parts.feed("a", "content", "\n"), parts.flush("a"), parts.flush("a")) == ("", "\n\n", "")
    assert parts.final_text("a", "content", "\nA\n\n") == "\nA\n\n"


@pytest.mark.parametrize(
    ("final", "expected"), [("HelloHello", "HelloHello"), ("Hello", "Hello"), ("other length", "Hello")]
)
def test_complete_text_decides_whether_the_opening_text_was_repeated(final: str, expected: str) -> None:
    parts = create_parts()
    parts.open("a", "content", "Hello")
    parts.feed("a", "content", "Hello")

    assert parts.final_text("a", "content", final) == expected


def test_complete_text_decides_whether_the_opening_text_belongs_to_it() -> None:
    parts = create_parts()
    parts.open("a", "content", "...")
    parts.feed("a", "content", "Hello")

    assert (parts.final_text("a", "content", "Hello"), parts.final_text("a", "content", "...Hello")) == (
        "Hello",
        "...Hello",
    )


def test_only_the_first_content_with_text_gets_an_opening() -> None:
    for reasoning in ("", "Hm."):
        filters = apply({"kind": "force_opening", "text": ">"}, chat("Hi")).create_filters()
        assert filters is not None
        parts = PartRewriter(filters)
        parts.note_reasoning(reasoning)

        texts = [parts.final_text(key, "content", text) for key, text in (("a", ""), ("b", "B"), ("c", "C"))]
        assert texts == ["", "B" if reasoning else ">B", "C"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"type": "x", "a": None, "b": "", "c": [], "d": {}, "obfuscation": "x"}, True),
        ({"type": "x", "a": 0}, False),
        ({"type": "x", "a": False}, False),
        ({"type": "x", "a": [None]}, False),
    ],
)
def test_object_holds_only_the_listed_keys_if_the_others_are_empty(value: dict[str, object], expected: bool) -> None:
    assert holds_only(value, {"type"}) is expected
