"""The texts of an answer that comes in parts."""

from __future__ import annotations

from prompt_policy.wire.parts import Parts
from tests.support import apply, chat


def parts(**keys: object) -> Parts:
    texts = apply({"kind": "filter_whitespace", **keys}, chat("Hi")).answer()
    assert texts is not None
    return Parts(texts)


def test_each_part_is_a_text_of_its_own() -> None:
    made = parts()

    assert [made.feed(key, "content", "\nA\n") for key in ("a", "b")] == ["A", "A"]


def test_a_part_that_ends_gives_out_what_it_held_once() -> None:
    made = parts(trailing="keep")
    made.feed("a", "content", "A\n")

    assert (made.end("a", "content"), made.end("a", "content")) == ("\n", "")
    assert made.whole("a", "content", "whatever") == "A\n"


def test_what_came_in_one_piece_is_rewritten_whole() -> None:
    made = parts()

    assert not made.has_begun("a")
    assert made.whole("a", "reasoning", "\nHm.\n") == "Hm."


def test_reasoning_before_content_is_known_to_the_content() -> None:
    opened = apply({"kind": "force_opening", "text": "<think>\n"}, chat("Hi")).answer()
    silent = apply({"kind": "force_opening", "text": "<think>\n"}, chat("Hi")).answer()
    assert opened is not None and silent is not None  # noqa: PT018
    first, second = Parts(silent), Parts(opened)

    assert first.feed("a", "content", "Hello") == "<think>\nHello"
    second.hear("Hm.")
    assert second.feed("a", "content", "Hello") == "Hello"
