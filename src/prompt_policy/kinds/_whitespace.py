"""Stray whitespace in a text that comes in pieces: strip its ends, limit blank lines, leave code fences alone."""

from __future__ import annotations

import re
from typing import Final

HELD_AT_MOST: Final = 4096
_LONGEST_FENCE_LINE: Final = 1024
_SPACE: Final = " \t\r\n"
_INLINE: Final = " \t\r"
_MAY_OPEN: Final = frozenset(" \t\r>-*+`~0123456789")
# A line that is, or may still become, the opening line of a fence: indented, quoted or a list item.
_OPENING: Final = re.compile(r"[ \t\r>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?(`{3,}|~{3,})(.*)", re.DOTALL)
_OPENING_SO_FAR: Final = re.compile(
    r"[ \t\r>]*(?:(?:[-*+]|\d{1,9}[.)])(?:[ \t]+(?:`{0,2}|~{0,2}))?|\d{0,9}|`{0,2}|~{0,2})"
)
_CLOSING: Final = re.compile(r"[ \t\r>]*(`{3,}|~{3,})[ \t\r]*")
_CLOSING_SO_FAR: Final = re.compile(r"[ \t\r>]*(?:`*|~*)[ \t\r]*")


class Whitespace:
    """One text, piece by piece. ``feed`` never holds back a visible character; ``flush`` ends the text."""

    def __init__(self, strip_leading: bool, strip_trailing: bool, max_blank_lines: int | None) -> None:
        self._strip_trailing = strip_trailing
        self._max_blank_lines = max_blank_lines
        self._dropping = strip_leading  # nothing visible has come, and leading whitespace is to go
        self._held = ""  # whole lines' ends and blank lines since the last visible character
        self._inline = ""  # whitespace after them, on the line that is not yet ended
        self._blank_lines = 0
        self._line_is_blank = True
        self._line: str | None = ""  # the line so far while it may be a fence; None once it cannot
        self._fence = ""  # the marks that opened the fence we are in
        self._letting_through = False  # the run of whitespace was too long to hold

    def continue_from(self, text: str) -> None:
        """Take the state of a text that the client has: what comes goes on in its last line."""
        self.feed(text)
        self._held = self._inline = ""
        self._dropping = False

    @property
    def is_within_line(self) -> bool:
        """Whether the line that has begun cannot be a fence, and no whitespace of it is held back."""
        return self._line is None and not self._line_is_blank and not self._inline

    def feed(self, text: str) -> str:
        """Return what may be given out now that ``text`` has come."""
        if self.is_within_line and text and "\n" not in text and text[-1] not in _SPACE:
            return text
        out: list[str] = []
        first, *rest = text.split("\n")
        self._segment(first, out)
        for segment in rest:
            self._newline(out)
            self._segment(segment, out)
        return "".join(out)

    def flush(self) -> str:
        """Return the whitespace at the end, where it is kept."""
        return "" if self._strip_trailing else self._held + self._inline

    def _segment(self, segment: str, out: list[str]) -> None:
        if not segment:
            return
        self._note(segment)
        if self._fence and not self._closes(self._line):
            out.append(self._inline + segment)
            self._inline = ""
            return
        visible = segment.rstrip(_INLINE)
        if visible:
            self._visible(visible, out)
        if len(visible) < len(segment) and not self._dropping:
            self._inline += segment[len(visible) :]
            self._bound(out)

    def _visible(self, text: str, out: list[str]) -> None:
        out.append(text.lstrip(_INLINE) if self._dropping else self._held + self._inline + text)
        self._held = self._inline = ""
        self._dropping = self._letting_through = self._line_is_blank = False
        self._blank_lines = 0

    def _newline(self, out: list[str]) -> None:
        line, self._line = self._line, ""
        if self._fence:
            if not self._closes(line):
                out.append(self._inline + "\n")
                self._inline = ""
                return
            self._fence = ""
        elif line and (opening := _opening(line)):
            self._fence = opening
            out.append(self._inline + "\n")
            self._inline = ""
            return
        if not self._dropping:
            self._end_line(out)

    def _end_line(self, out: list[str]) -> None:
        self._blank_lines = self._blank_lines + 1 if self._line_is_blank else 0
        if self._max_blank_lines is None or self._blank_lines <= self._max_blank_lines:
            self._held += self._inline + "\n"
        self._inline = ""
        self._line_is_blank = True
        self._bound(out)

    def _bound(self, out: list[str]) -> None:
        """Let a run of whitespace through once it is longer than what may be held."""
        if self._letting_through or len(self._held) + len(self._inline) > HELD_AT_MOST:
            out.append(self._held + self._inline)
            self._held = self._inline = ""
            self._letting_through = True

    def _note(self, segment: str) -> None:
        """Follow the current line while it may open a fence, or close the one we are in."""
        if self._line is None:
            return
        if not self._line and not self._fence and segment[0] not in _MAY_OPEN:
            self._line = None
            return
        line = self._line + segment
        so_far = _CLOSING_SO_FAR if self._fence else _OPENING_SO_FAR
        possible = so_far.fullmatch(line) or (not self._fence and _opening(line))
        self._line = line if possible and len(line) <= _LONGEST_FENCE_LINE else None

    def _closes(self, line: str | None) -> bool:
        closing = _CLOSING.fullmatch(line) if line else None
        return closing is not None and closing[1].startswith(self._fence)


def _opening(line: str) -> str:
    """Return the marks with which a line opens a fence, or nothing; backticks after backticks are inline code."""
    opening = _OPENING.fullmatch(line)
    if opening is None or (opening[1][0] == "`" and "`" in opening[2]):
        return ""
    return opening[1]
