"""Remove the code fence around a JSON text that arrives in pieces."""

from __future__ import annotations

import re
from typing import Final, Literal

MAX_FENCE_CHARS: Final = 1024
MIN_MARKS: Final = 3
_SPACE: Final = " \t\r\n"
_NAMES: Final = ("", "json", "json5")
_OPENING_MARKS: Final = re.compile(r"[ \t\r\n]*+(?:(`++|~++)([^\n]*+)(\n[ \t\r\n]*+)?+)?+")
_VALUE_START: Final = re.compile(r'[{\["]|-?[0-9]|true|false|null')
_LITERALS: Final = ("true", "false", "null", "-0")
_REST_OF_STRING: Final = re.compile(r'(?:[^"\\]|\\.)*+', re.DOTALL)
_QUOTE_OR_LINE_END: Final = re.compile(r'"|\r?\n|\r\Z')
_LINE: Final = re.compile(r"\r?\n[ \t]{0,3}(?:(`++|~++)([ \t\r\n]*+))?+")

Opening = Literal["no", "undecided"] | int
"""Whether a text begins with the opening line of a fence; if so, the index after that line."""

Closing = Literal["no", "undecided", "followed"]
"""Whether a line closes the fence. It is undecided at the end of the text, because text may follow."""


class JsonUnwrapper:
    """Unwraps one text, piece by piece. The result does not depend on the cuts.

    The text is in one of three states: before the end of the opening line, within the fence, and done, after which the
    rest is unchanged.
    """

    is_done = False
    _is_inside = False
    _marks = ""  # the marks of the opening line
    _in_string = False  # the text so far ends within a JSON string
    _is_escaped = False  # a backslash precedes the next character
    _buffered = ""

    def feed(self, text: str) -> str:
        """Return the text that can be emitted after ``text`` has arrived."""
        if self.is_done:
            return text
        self._buffered += text
        if self._is_inside:
            return self._feed_inside()
        opening = _read_opening(self._buffered)
        if opening == "undecided":
            return ""
        if opening == "no":
            return self._finish()
        self._marks = _read_marks(self._buffered)
        self._is_inside = True
        self._buffered = self._buffered[opening:]
        return self._feed_inside()

    def flush(self) -> str:
        """Return the buffered text, unless it is the closing line or whitespace of the unwrapped text."""
        if self._is_inside and (not self._buffered.strip() or self._ends_with_closing_line()):
            return ""
        if not self._is_inside and self._buffered.strip():
            return self._finish()
        flushed, self._buffered = self._buffered, ""
        return flushed

    def _finish(self) -> str:
        self.is_done = True
        rest, self._buffered = self._buffered, ""
        return rest

    def _feed_inside(self) -> str:
        """Emit the buffered text up to a line that may be the closing one, and buffer that line."""
        text, place = self._buffered, 0
        while place < len(text):
            if self._in_string:
                place = self._skip_string(text, place)
                continue
            found = _QUOTE_OR_LINE_END.search(text, place)
            if found is None:
                break
            if found.group() == '"':
                self._in_string, place = True, found.end()
                continue
            closing = self._classify_line(text, found.start())
            if closing == "no":
                place = found.end()
            elif closing == "followed":
                return self._finish()
            else:
                self._buffered = text[found.start() :]
                return text[: found.start()]
        self._buffered = ""
        return text

    def _skip_string(self, text: str, place: int) -> int:
        """Return the index after the JSON string, or the end of the text if the string goes on."""
        if self._is_escaped:
            self._is_escaped, place = False, place + 1
        rest = _REST_OF_STRING.match(text, place)
        place = rest.end() if rest else place
        if place < len(text):
            self._in_string = self._is_escaped = text[place] == "\\"
            place += 1
        return place

    def _classify_line(self, text: str, place: int) -> Closing:
        """Return whether the line after the line end at ``place`` closes the fence."""
        line = _LINE.match(text, place)
        if line is None:  # a carriage return at the end of the text
            return "undecided"
        marks, space = line.groups()
        is_last = line.end() == len(text)
        if marks is None:
            return "undecided" if is_last else "no"
        if marks[0] != self._marks[0]:
            return "no"
        if line.end(1) - place > MAX_FENCE_CHARS:
            return "followed"
        if len(marks) < len(self._marks):
            return "undecided" if is_last and not space else "no"
        if line.end() - place > MAX_FENCE_CHARS:
            return "followed"
        if is_last:
            return "undecided"
        return "followed" if "\n" in space else "no"

    def _ends_with_closing_line(self) -> bool:
        line = _LINE.fullmatch(self._buffered)
        return line is not None and (line[1] or "").startswith(self._marks)


def _read_opening(text: str) -> Opening:
    """Return whether a text begins with the opening line of a fence, and a JSON value after it."""
    opening = _OPENING_MARKS.match(text)
    if opening is None or opening.end() > MAX_FENCE_CHARS:
        return "no"
    marks, name, space = opening.groups()
    is_all = opening.end() == len(text)
    if marks is None or (len(marks) < MIN_MARKS and not name and space is None):
        return "undecided" if is_all else "no"
    if len(marks) < MIN_MARKS:
        return "no"
    if space is None:
        return "undecided" if _may_be_name(name) else "no"
    if (name := name.strip(_SPACE).lower()) not in _NAMES:
        return "no"
    if is_all:
        return "undecided"
    is_value = _is_value(text[opening.end() : opening.end() + 5], bool(name))
    return opening.start(3) + 1 if is_value == "yes" else is_value


def _is_value(start: str, is_named: bool) -> Literal["no", "undecided", "yes"]:
    """Return whether a text begins with a JSON value; without a name, with an object or a list."""
    if _VALUE_START.match(start) if is_named else start[0] in "{[":
        return "yes"
    may_become_literal = is_named and any(literal.startswith(start) for literal in _LITERALS)
    return "undecided" if may_become_literal else "no"


def _read_marks(text: str) -> str:
    """Return the marks of the opening line with which a text begins."""
    opening = _OPENING_MARKS.match(text)
    return opening[1] if opening is not None and opening[1] else ""


def _may_be_name(name: str) -> bool:
    """Return whether the text after the marks, whose line is not complete, may become the name of JSON."""
    word = name.lstrip(" \t").lower()
    complete = word.rstrip(" \t\r")
    return complete in _NAMES if complete != word else any(known.startswith(word) for known in _NAMES)
