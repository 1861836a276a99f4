"""A complete text is cleaned with the same result as line by line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_policy.kinds.filters.fences import MAX_LINE_START_CHARS
from prompt_policy.kinds.filters.whitespace import MAX_BUFFERED_CHARS, WhitespaceStripper
from prompt_policy.kinds.filters.whole_text import MAX_SEARCHED_BLANK_LINES, compile_clean_text, split_at_fences

PIECES = st.sampled_from(
    [
        "```",
        "~~~",
        "````",
        "```py",
        "> ",
        "- ",
        "1. ",
        "\n",
        "\n\n",
        "\n \t\n\r\n",
        "x",
        "two words",
        "  ",
        "\t",
        "`",
        "\r",
    ]
)
SETTINGS = st.tuples(st.booleans(), st.booleans(), st.sampled_from([None, 0, 1, 2, 5]))
Settings = tuple[bool, bool, int | None]


def strip_line_by_line(settings: Settings, text: str) -> str:
    stripper = WhitespaceStripper(*settings)
    return stripper.feed(text) + stripper.flush()


@given(SETTINGS, st.lists(PIECES, max_size=30).map("".join))
def test_the_result_is_the_same_as_line_by_line(settings: Settings, text: str) -> None:
    assert compile_clean_text(*settings)(text) in (None, strip_line_by_line(settings, text))


LONG = " " * (MAX_BUFFERED_CHARS + 1)


@pytest.mark.parametrize("settings", [(True, True, 1), (False, False, 0), (False, True, None), (True, False, None)])
@pytest.mark.parametrize(
    "text",
    [
        f"a{LONG}",
        f"a{LONG}\n\n\nb",
        f"a\n{LONG}\n\n\nb",
        f"a\n\n\n{LONG}b",
        f"{LONG}a",
        f"\n{LONG}\n\n\na",
        "a" + "\n" * (MAX_BUFFERED_CHARS + 2),
        f"```{'x' * MAX_LINE_START_CHARS}\n\n\n\n```\n\n\n\n",
        f"{' ' * MAX_LINE_START_CHARS}```\n\n\n\n",
        f"```\n\n\n\n```{' ' * MAX_LINE_START_CHARS}\n\n\n\nx\n\n",
    ],
)
def test_long_runs_have_the_same_result_or_none(settings: Settings, text: str) -> None:
    assert compile_clean_text(*settings)(text) in (None, strip_line_by_line(settings, text))


def test_a_limit_of_many_blank_lines_has_no_result() -> None:
    assert compile_clean_text(True, True, MAX_SEARCHED_BLANK_LINES)("a\n") == "a"
    assert compile_clean_text(True, True, MAX_SEARCHED_BLANK_LINES + 1)("a\n") is None


def test_parts_are_alternately_outside_and_inside_fences() -> None:
    assert split_at_fences("\na\n```py\nb\n```\nc\n~~~\nd") == ["\na\n```py\n", "b\n", "```\nc\n~~~\n", "d"]


@pytest.mark.parametrize(
    "fence",
    [
        "```py\na\n\n\n\nb\n```",
        "```py\na\n\n\n\n  ```",
        "- a\n  ```\n  b\n\n\n\n    b\n  ```",
        "1. a\n   ```\n\tb\n\n\r\n\n   b\n   ```",
        " ```\n b\n\n\n\n   ```",
    ],
)
def test_fences_that_need_no_lines_before_them_have_a_result(fence: str) -> None:
    text = f"a\n\n\n\n{fence}\n\n\n\nb\n"
    assert compile_clean_text(True, True, 1)(text) == f"a\n\n{fence}\n\nb" == strip_line_by_line((True, True, 1), text)


@pytest.mark.parametrize(
    "fence",
    ["> ```\n> a\n> ```", "- ```\n  a\n  ```", "    ```\na", "  ```\na\n  ```", "  ```\n  a\n    ```", "  ```\n  a"],
)
def test_fences_that_depend_on_the_lines_before_them_have_no_result(fence: str) -> None:
    assert compile_clean_text(True, True, 1)(f"a\n\n\n\n{fence}\n\n\n\nb\n") is None
    assert compile_clean_text(True, True, 1)(f"a\n\n{fence}\n\nb") == f"a\n\n{fence}\n\nb"
