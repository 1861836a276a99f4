"""FenceTracker: which lines are code. tests/properties/test_fences.py compares random documents with markdown-it."""

from __future__ import annotations

import pytest

from prompt_policy.kinds.filters.fences import MAX_LINE_START_CHARS, FenceTracker


def mark_code(document: str, in_characters: bool = False) -> list[str]:
    """Return the lines that are code."""
    tracker, code = FenceTracker(), []
    for line in document.split("\n"):
        for piece in line if in_characters else [line] if line else []:
            tracker.feed(piece)
        if tracker.ends_in_code():
            code.append(line)
        tracker.end_line()
    return code


@pytest.mark.parametrize(
    "document",
    [
        "- 1. ```py\n     x\n\n\n     x\n     ```\na",
        "* - ~~~\n    x\n    ~~~\n    a",
        "> - ````\n>   x\n>   ```x\n>   ````\n> a",
        "- > ```\n  > x\n  > ```\n  a",
        "1. a\n\n   ```\n   x\n   ```\n\n   a",
        "- a\n  - b\n    - c\n      ```\n      x\n      ```\n  - d",
        "10. ```\n    x\n    ```",
        "-\n  ```\n  x\n  ```",
        "> > ```\n> > x\n> a",
        "> ```\n> x\na",
        "> ```\n> x\n\na",
        "- ```\n  x\na",
        "- ```\n  x\n- a",
        "- ```\n\n  x\n\na\n```\nx",
        "   ```\n  x\n   ```\na",
        "```\nx\n    ``` x\n   ```  \t\na",
        "````\nx\n```x\n`````\na",
        "~~~ ` ~\nx\n~~~\na",
        "-\t```\n\tx\n\t```\n\ta",
        ">\t```\n> x\n> ```\n> a",
        "a\n```\nx\n```",
        "# a\n2. ```\n   x\n   ```\na",
        "a\n---\n2. ```\n   x\n   ```\na",
        "> a\nlazy a\n> ```\n> x\n> ```",
        "- a\nlazy a\n  ```\n  x\n  ```\na",
    ],
)
@pytest.mark.parametrize("in_characters", [False, True])
def test_lines_of_a_fence_are_code(document: str, in_characters: bool) -> None:
    expected = [line for line in document.split("\n") if "x" in line and line != "- ```\n"]
    assert [line for line in mark_code(document, in_characters) if line.strip()] == expected


@pytest.mark.parametrize(
    "document",
    [
        "    ```\n    a\n",
        "- a\n\n      ```\n      a",
        "``` `a`\na",
        "``\na\n``",
        "a ```\na\n```"[:6],
        "-```\na",
        "1.```\na",
        "1234567890. ```\na",
        "- - -\n    ```\n    a",
        f"```{'a' * MAX_LINE_START_CHARS}\na",
        f"{'> ' * MAX_LINE_START_CHARS}```\na",
    ],
)
@pytest.mark.parametrize("in_characters", [False, True])
def test_text_that_resembles_a_fence_is_not_code(document: str, in_characters: bool) -> None:
    assert mark_code(document, in_characters) == []


@pytest.mark.parametrize(
    "document",
    [
        "- ```py\nx\n\nx\n  ```\na",
        "> ```py\nx\n\nx\n> ```\na",
        "1. a\n   ```\nx\n   ```\na",
        "1. ```\n# x\n- x\n```\na",
        "1. ```\n\nx\n```\na",
    ],
)
def test_a_fence_whose_first_line_is_outside_its_container_continues(document: str) -> None:
    assert [line for line in mark_code(document) if line] == [line for line in document.split("\n") if "x" in line]


def test_a_fence_after_any_list_number_interrupts_a_paragraph() -> None:
    assert mark_code("a\n2. ```\n   x\n   ```\na") == ["   x"]
    assert mark_code("a\n2. a\n   ```\nx\n   ```\na") == ["x"]


def test_a_fence_after_a_tag_is_code() -> None:
    assert mark_code("<think>\n```\nx\n```\na") == ["x"]


def test_a_dropped_line_has_no_effect() -> None:
    tracker = FenceTracker()
    tracker.feed("-")
    tracker.end_line()
    tracker.feed("  ")
    tracker.drop_line()
    tracker.feed("  ```")
    tracker.end_line()
    tracker.feed("a")
    tracker.end_line()
    assert tracker.ends_in_code() is True
