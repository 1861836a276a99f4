"""Strip stray whitespace from a complete text, by searches: a faster way to the result of ``filters.whitespace``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from prompt_policy.kinds.filters.fences import INLINE_SPACE, MAX_LINE_START_CHARS
from prompt_policy.kinds.filters.whitespace import MAX_BUFFERED_CHARS, keep_code_indent

SPACE: Final = " \t\r\n"
MAX_SEARCHED_BLANK_LINES: Final = 16
"""The greatest limit of blank lines that is searched for; the time of a search is proportional to it."""
_PREFIX, _MARKS, _REST = 1, 2, 3
_INDENTS: Final = ("", " ", "  ", "   ")  # of a fence, whether it is in a list item or not
# A line with less indentation than a fence may end the list item that the fence is in.
_LESS_INDENTED: Final = {
    indent: re.compile(rf"\n {{0,{indent - 1}}}(?:[^ \t\r\n]|\r[ \t\r]*[^ \t\r\n])") for indent in (1, 2, 3)
}
_FENCE_LINE: Final = re.compile(r"\n((?:[ \t>]|[-+*][ \t]|\d{1,9}[.)][ \t])*+)(`{3,}|~{3,})([^\n]*)")

CleanText = Callable[[str], str | None]
"""Return a complete text without stray whitespace, or None if it must be processed line by line."""


def compile_clean_text(strip_leading: bool, strip_trailing: bool, max_blank_lines: int | None) -> CleanText:
    """Return a function with the result of a ``WhitespaceStripper`` of the same settings, for complete texts.

    It returns None for runs of whitespace longer than the buffer of a stream, for stray whitespace and a fence that
    depends on the lines before it, and always if the limit is above ``MAX_SEARCHED_BLANK_LINES``.
    """
    if max_blank_lines is not None and max_blank_lines > MAX_SEARCHED_BLANK_LINES:
        return lambda _text: None
    surplus = None if max_blank_lines is None else _compile_surplus_pattern(max_blank_lines)
    may_end_in_blank_line = surplus is not None and not strip_trailing

    def clean(text: str) -> str | None:
        if strip_leading and text[:1].isspace():
            text = _strip_leading(text)
        lines = "\n" + text  # every line now begins after a line end, also the first
        tail = len(text) - len(text.rstrip(SPACE)) if strip_trailing else 0
        if tail > MAX_BUFFERED_CHARS or (may_end_in_blank_line and text.endswith((" ", "\t", "\r"))):
            return None
        has_surplus = surplus is not None and surplus.search(lines) is not None
        if tail or has_surplus:
            parts = split_at_fences(lines)
            if parts is None or (surplus is not None and has_surplus and not _drop_surplus(parts, surplus)):
                return None
            cleaned = "".join(parts)[1:]
            ends_in_fence = len(parts) % 2 == 0
            text = cleaned.rstrip(SPACE) if tail and not ends_in_fence else cleaned
        return text

    return clean


def _strip_leading(text: str) -> str:
    visible = text.lstrip(SPACE)
    whitespace = text[: len(text) - len(visible)]
    indent = whitespace[whitespace.rfind("\n") + 1 :]
    return keep_code_indent(indent) + visible if visible and len(indent) <= MAX_BUFFERED_CHARS else visible


def split_at_fences(lines: str) -> list[str] | None:
    """Split a text into parts that are alternately outside and inside code fences.

    Every line must begin after a line end. The opening and closing lines of a fence are outside it. The result is None
    if a fence depends on the lines before it: in a block quote, after a list marker, or with much indentation.
    """
    parts: list[str] = []
    start = indent = 0
    fence = ""
    for line in _fence_lines(lines):
        prefix, marks, rest = line.group(_PREFIX, _MARKS, _REST)
        if fence:
            if not marks.startswith(fence) or rest.strip(INLINE_SPACE):
                continue
            if prefix in _INDENTS[indent:]:
                if indent and _LESS_INDENTED[indent].search(lines, start - 1, line.start() + 1):
                    return None
                parts.append(lines[start : line.start() + 1])
                start, fence = line.start() + 1, ""
            elif indent:
                return None
        elif line.end() < len(lines) and not (marks[0] == "`" and "`" in rest):
            if prefix not in _INDENTS:
                return None
            parts.append(lines[start : line.end() + 1])
            start, fence, indent = line.end() + 1, marks, len(prefix)
    return None if fence and indent else [*parts, lines[start:]]


def _fence_lines(lines: str) -> Iterator[re.Match[str]]:
    """Yield matches of the lines that may open or close a fence, each with the line end before it."""
    end = -1
    # Two searches for one literal each are several times faster than one search for both.
    for place in sorted(found.start() for marks in ("```", "~~~") for found in re.finditer(marks, lines)):
        if place < end:
            continue
        end = lines.find("\n", place)
        line = _FENCE_LINE.match(lines, lines.rfind("\n", 0, place))
        if line is not None and line.end() - line.start() - 1 <= MAX_LINE_START_CHARS:
            yield line
        if end < 0:
            return


def _compile_surplus_pattern(max_blank_lines: int) -> re.Pattern[str]:
    """Return a pattern for a line end, the blank lines after it that are kept (group 1), and those that are not."""
    return re.compile(rf"(\n(?:[ \t\r]*+\n){{{max_blank_lines}}})(?:[ \t\r]*+\n)++")


def _drop_surplus(parts: list[str], surplus: re.Pattern[str]) -> bool:
    """Remove surplus blank lines from the parts outside fences. Return False if a run is longer than the buffer."""
    for index in range(0, len(parts), 2):
        runs = [run.end() - run.start() for run in surplus.finditer(parts[index])]
        if runs:
            if max(runs) > MAX_BUFFERED_CHARS:
                return False
            parts[index] = surplus.sub(r"\1", parts[index])
    return True
