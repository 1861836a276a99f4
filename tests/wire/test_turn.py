"""Turns: texts and parts, copied and never changed in place."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from prompt_policy.wire import Turn
from prompt_policy.wire.turn import joined_contents, text_of

TEXT = {"type": "text", "text": "a"}
IMAGE = {"type": "image_url", "image_url": {"url": "x"}}


def turn(content: Any) -> Turn:
    return Turn("user", {"role": "user", "content": content}, text_of(content))


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("a", "a"),
        (None, ""),
        ([], ""),
        ([TEXT, IMAGE, TEXT], "a\na"),
        (["a", TEXT], "a\na"),
        ([{"type": "text"}], ""),
        ([{"type": [], "text": "a"}], ""),
    ],
)
def test_the_text_of_a_message(content: Any, text: str) -> None:
    assert turn(content).text == text


@pytest.mark.parametrize(
    ("before", "after", "joined"),
    [
        ("a", "b", "a|b"),
        ("", "b", "b"),
        ("a", None, "a"),
        (None, "", ""),
        ("a", [IMAGE], [TEXT, IMAGE]),
        ([IMAGE], "b", [IMAGE, {"type": "text", "text": "b"}]),
        ([TEXT], [TEXT, IMAGE], [{"type": "text", "text": "a|a"}, IMAGE]),
        (["a"], [TEXT], [{"type": "text", "text": "a|a"}]),
    ],
)
def test_contents_are_joined_with_every_part_kept(before: Any, after: Any, joined: Any) -> None:
    assert joined_contents([before, after], "|", "text") == joined


@pytest.mark.parametrize(
    ("contents", "joined"),
    [
        (["a", "", "b", None, "c"], "a|b|c"),
        (["a", [TEXT], "b"], [{"type": "text", "text": "a|a|b"}]),
        ([[IMAGE], "a", "b", [IMAGE]], [IMAGE, {"type": "text", "text": "a|b"}, IMAGE]),
        ([[TEXT, IMAGE], [IMAGE, TEXT], [TEXT, TEXT]], [TEXT, IMAGE, IMAGE, {"type": "text", "text": "a|a"}, TEXT]),
        ([[{"type": "text", "text": ""}], [{**TEXT, "cache_control": 1}], "b"],
         [{"type": "text", "text": "a|b"}]),
    ],
)  # fmt: skip
def test_several_contents_are_joined_like_two(contents: list[Any], joined: Any) -> None:
    assert joined_contents(contents, "|", "text") == joined


@pytest.mark.parametrize("content", ["a", None, [TEXT, IMAGE], [IMAGE], ["a"]])
def test_no_change_reaches_the_original(content: Any) -> None:
    original = turn(content)
    before = copy.deepcopy(original.raw)
    original.with_text_after("x", "\n")
    joined_contents([original.content, [TEXT], original.content], "\n", "text")
    original.with_first_text(str.upper)
    assert original.raw == before


def test_an_edit_that_changes_nothing_gives_the_same_turn() -> None:
    for content in ("a", [TEXT], [IMAGE], None):
        original = turn(content)
        assert original.with_first_text(lambda text: text) is original


def test_a_new_text_part_has_the_endpoints_type() -> None:
    original = Turn("user", {"role": "user", "content": [IMAGE]}, "", "input_text")
    assert original.with_text_after("x", "\n").content[-1] == {"type": "input_text", "text": "x"}


def test_the_clients_own_text_outlives_rewriting() -> None:
    assert turn("a").with_text_after("x", "\n").own_text == "a"
