"""WhitespaceStripper. More tests of it, by way of its kind, are in test_filter_whitespace.py."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_policy.kinds.filters.whitespace import MAX_BUFFERED_CHARS, WhitespaceStripper
from prompt_policy.kinds.filters.whole_text import compile_clean_text


def test_plain_text_is_returned_as_the_same_object() -> None:
    stripper = WhitespaceStripper(True, True, 1)
    stripper.feed("Hello")
    text = " wor ld".join(["", "x"])
    assert stripper.feed(text) is text


SETTINGS = st.tuples(st.booleans(), st.booleans(), st.sampled_from([None, 0, 1, 2]))
PIECES = st.sampled_from(
    ["a", "b c", " ", "  ", "    ", "\t", "\r\n", "\n", "\n\n", "\n\n\n", "```", "```py\n", "- ", "> "]
)
LONG_RUNS = st.builds(str.__mul__, st.sampled_from([" ", "\t", "\n", " \n"]), st.integers(2000, MAX_BUFFERED_CHARS + 5))
Settings = tuple[bool, bool, int | None]


def feed_all(settings: Settings, pieces: Iterable[str]) -> str:
    stripper = WhitespaceStripper(*settings)
    return "".join(map(stripper.feed, pieces)) + stripper.flush()


@given(SETTINGS, st.lists(PIECES, max_size=20) | st.lists(PIECES | LONG_RUNS, max_size=8), st.data())
def test_flushes_do_not_change_the_joined_output(settings: Settings, pieces: list[str], data: st.DataObject) -> None:
    stripper, out = WhitespaceStripper(*settings), []
    for piece in pieces:
        out.append(stripper.feed(piece))
        if data.draw(st.booleans()):
            out.append(stripper.flush())
    assert "".join([*out, stripper.flush()]) == feed_all(settings, pieces)


def test_a_flush_returns_whitespace_that_is_kept_once() -> None:
    stripper = WhitespaceStripper(True, False, 1)
    assert [stripper.feed("a \n"), stripper.flush(), stripper.flush()] == ["a", " \n", ""]
    assert [stripper.feed("\n"), stripper.flush(), stripper.feed("\n\nb")] == ["", "\n", "b"]


def test_a_flush_keeps_whitespace_that_is_stripped_at_the_end() -> None:
    stripper = WhitespaceStripper(True, True, 1)
    assert [stripper.feed("a\n\n"), stripper.flush(), stripper.feed("b")] == ["a", "", "\n\nb"]


def test_a_flush_keeps_the_indentation_of_the_first_line() -> None:
    stripper = WhitespaceStripper(True, False, None)
    assert [stripper.feed("\n    "), stripper.flush(), stripper.feed("def")] == ["", "", "    def"]


def test_a_flush_returns_whitespace_in_a_fence() -> None:
    stripper = WhitespaceStripper(True, True, None)
    assert [stripper.feed("```\na\n  "), stripper.flush()] == ["```\na\n", "  "]


@given(SETTINGS, st.lists(PIECES | LONG_RUNS, max_size=8), st.randoms(use_true_random=False))
def test_long_runs_do_not_depend_on_the_cuts(settings: Settings, pieces: list[str], random: Random) -> None:
    text = "".join(pieces)
    cuts = sorted(random.randint(0, len(text)) for _ in range(6))
    cut = [text[start:end] for start, end in pairwise([0, *cuts, len(text)])]
    assert feed_all(settings, pieces) == feed_all(settings, [text]) == feed_all(settings, cut)


@pytest.mark.parametrize("cut", [1, 2, 100, MAX_BUFFERED_CHARS + 1, MAX_BUFFERED_CHARS + 4, MAX_BUFFERED_CHARS + 5])
@pytest.mark.parametrize("tail", ["b\n\n", "b", "b \n\n\n\nc \n", "b" + " " * 50])
def test_text_after_a_long_run_ends_the_overflow(cut: int, tail: str) -> None:
    text = "a" + " " * (MAX_BUFFERED_CHARS + 4) + tail
    once = feed_all((True, True, 1), [text])
    assert once == feed_all((True, True, 1), [text[:cut], text[cut:]]) == feed_all((True, True, 1), text)
    assert once == once.rstrip()


def test_a_long_piece_within_a_line_is_not_buffered() -> None:
    stripper = WhitespaceStripper(True, True, 1)
    out = stripper.feed("a") + stripper.feed("b" + " " * (MAX_BUFFERED_CHARS + 1))
    assert out == "ab" + " " * (MAX_BUFFERED_CHARS + 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" Hello", "Hello"),
        ("\n\n   Hello", "Hello"),
        ("\r\n \r\n Hello", "Hello"),
        ("\n\n    def a():\n        pass\n    a()", "    def a():\n        pass\n    a()"),
        ("\n \n\t\n\treturn", "\treturn"),
        ("  \treturn", "  \treturn"),
        ("\r\n    return", "    return"),
        ("      return", "      return"),
        ("    \n  \n Hello", "Hello"),
        ("    \n\n", ""),
        ("    ", ""),
        ("\n" * 9000 + "    a", "    a"),
        (" " * (MAX_BUFFERED_CHARS + 1) + "a", "a"),
        (" " * (MAX_BUFFERED_CHARS + 1) + "\n    a", "    a"),
        (" " * MAX_BUFFERED_CHARS + "a", " " * MAX_BUFFERED_CHARS + "a"),
    ],
)
@pytest.mark.parametrize("trailing", [False, True])
def test_leading_whitespace_is_stripped_except_the_indentation_of_code(
    text: str, expected: str, trailing: bool
) -> None:
    assert feed_all((True, trailing, None), [text]) == feed_all((True, trailing, None), text) == expected
    assert compile_clean_text(True, trailing, None)(text) in (None, expected)


def test_leading_whitespace_is_buffered_up_to_the_limit() -> None:
    stripper = WhitespaceStripper(True, True, 1)
    for _ in range(MAX_BUFFERED_CHARS * 2):
        assert stripper.feed(" ") == ""
        assert len(stripper._inline) <= MAX_BUFFERED_CHARS


def test_text_continues_the_indented_list_of_a_prefill() -> None:
    stripper = WhitespaceStripper(True, True, 1)
    stripper.continue_from("  - ```\n    a\n")
    assert stripper.feed("\n\n\n    b\n    ```\n\n\n\nc") == "\n\n\n    b\n    ```\n\nc"
