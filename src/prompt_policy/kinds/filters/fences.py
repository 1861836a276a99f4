"""Find out which lines of a Markdown text are fenced code, while the text arrives in pieces.

This is the part of CommonMark 0.31 that decides it: block quotes, list items, paragraphs with their lazy continuation,
and what ends a paragraph. It differs on purpose where models write code that CommonMark does not take for code:

- A fence that opens in a block quote or list item, and whose first line is outside of it, continues without it.
- A fence after any list number interrupts a paragraph; in CommonMark, only the number 1 does.
- HTML blocks and link reference definitions are read as paragraphs, so that a fence after ``<think>`` is a fence.
"""

from __future__ import annotations

import re
from typing import Final

MAX_LINE_START_CHARS: Final = 1024
"""The greatest number of characters at the start of a line that are examined; a longer fence line is text."""
INLINE_SPACE: Final = " \t\r"
_QUOTE: Final = 0  # a container: a block quote, or else the indentation that continues a list item
_TEXT: Final = "x"  # stands for the rest of a line that is too long
_STRUCTURAL: Final = frozenset(" \t\r>-*+`~#_=0123456789")
# The start of a line whose meaning depends on what follows it: markers, then a fence, a thematic break, an underline or
# a heading. The markers are matched possessively, so that the time is linear.
_UNDECIDED: Final = re.compile(
    r"(?:[ \t>]|[-+*][ \t]|\d{1,9}[.)][ \t])*+"
    r"(?:`{0,2}|`{3,}[^`]*|~{1,2}|~{3,}.*|\d{1,9}[.)]?|#{1,6}|\+|-[- \t]*|\*[* \t]*|_[_ \t]*|=+[ \t]*)\r*",
    re.DOTALL,
)
_MAY_CLOSE: Final = re.compile(r" {0,3}(?:`*|~*)[ \t\r]*")
_MAY_CLOSE_LOOSELY: Final = re.compile(r"[ \t>]*(?:`*|~*)[ \t\r]*")
_CLOSING: Final = re.compile(r" {0,3}(`{3,}|~{3,})")
_CLOSING_LOOSELY: Final = re.compile(r"[ >]*(`{3,}|~{3,})")
_OPENING: Final = re.compile(r"`{3,}(?=[^`]*$)|~{3,}", re.DOTALL)
_LIST_MARKER: Final = re.compile(r"(?:[-+*]|(\d{1,9})[.)])(?= |$)")
_UNDERLINE: Final = re.compile(r"=+$|-+$")
_BREAK_OR_HEADING: Final = re.compile(r"(?:- *){3,}$|(?:\* *){3,}$|(?:_ *){3,}$|#{1,6}(?: |$)")


class FenceTracker:
    """Follows the lines of a text. ``feed`` takes pieces of a line, and ``end_line`` a line end."""

    __slots__ = (
        "_containers", "_fence", "_fence_is_empty", "_is_in_paragraph", "_is_loose", "_item_is_empty", "is_code", "line"
    )  # fmt: skip

    def __init__(self) -> None:
        self.is_code = False  # the current line is known to be code
        self.line: str | None = ""  # the start of the current line; None once its meaning is known
        self._containers: tuple[int, ...] = ()  # those that the last line left open, outermost first
        self._fence = ""  # the marks that opened the current fence
        self._fence_is_empty = False  # it has had no line but blank ones
        self._is_loose = False  # it continues without the containers in which it was opened
        self._is_in_paragraph = False  # the innermost container ends with a paragraph
        self._item_is_empty = False  # the innermost container is a list item that has no content yet

    @property
    def keeps_blank_line(self) -> bool:
        """Whether a blank line would be code."""
        return bool(self._fence) and _QUOTE not in self._containers

    def feed(self, segment: str) -> None:
        """Take a non-empty piece of the current line, without line ends."""
        line = self.line
        if line is None:
            return
        if not line and segment[0] not in _STRUCTURAL and not (self._fence and self._containers):
            self.line = None
            if self._fence:
                self.is_code = True
                return
            if not self._is_in_paragraph:
                self._containers, self._is_in_paragraph = (), True
            return
        pattern = _UNDECIDED
        if self._fence and not self._containers:
            pattern = _MAY_CLOSE_LOOSELY if self._is_loose else _MAY_CLOSE
        line += segment
        if pattern.fullmatch(line, 0, MAX_LINE_START_CHARS) is None:
            self.is_code = self._advance(line)
            self.line = None
        elif len(line) > MAX_LINE_START_CHARS:
            self.is_code = self._advance(line[:MAX_LINE_START_CHARS] + _TEXT, is_cut=True)
            self.line = None
        else:
            self.line = line

    def end_line(self) -> bool:
        """End the current line. Return whether the next line begins in a fence."""
        line, self.line = self.line, ""
        if line is not None:
            if line or self._containers:
                self._advance(line)
            else:
                self._is_in_paragraph = False
        self.is_code = False
        return bool(self._fence)

    def drop_line(self) -> None:
        """Forget the current line, of which nothing is kept."""
        self.line = ""

    def ends_in_code(self) -> bool:
        """Return whether the current line is code if the text ends here. The text may go on nevertheless."""
        if self.line is None or not self._fence:
            return self.is_code
        saved = {name: getattr(self, name) for name in self.__slots__}
        is_code = self._advance(self.line)
        for name, value in saved.items():
            setattr(self, name, value)
        return is_code

    def _advance(self, line: str, is_cut: bool = False) -> bool:
        """Take a line, or as much of its start as decides its meaning. Return whether it is code in a fence."""
        text = line.rstrip(INLINE_SPACE)
        if "\t" in text:
            text = text.expandtabs(4)
        matched, place = self._match_containers(text) if self._containers else (0, 0)
        if self._fence:
            if matched < len(self._containers) and self._fence_is_empty and place < len(text):
                self._containers, self._is_loose, matched, place = (), True, 0, 0
            if matched == len(self._containers):
                self._fence_is_empty = self._fence_is_empty and place >= len(text)
                return is_cut or not self._closes_fence(text, place)
            self._fence = ""  # it ends with its container
        if place < len(text):
            self._open_blocks(text, place, matched, is_cut)
        else:
            self._containers = self._containers[:matched]
            self._is_in_paragraph = self._item_is_empty = False
        return False

    def _closes_fence(self, text: str, place: int) -> bool:
        closing = (_CLOSING_LOOSELY if self._is_loose else _CLOSING).fullmatch(text, place)
        if closing is None or not closing[1].startswith(self._fence):
            return False
        self._fence = ""
        return True

    def _match_containers(self, text: str) -> tuple[int, int]:
        """Return the number of open containers that a line continues, and the place of its content in them."""
        place = 0
        for number, container in enumerate(self._containers):
            content = text[place:].lstrip(" ")
            indent = len(text) - place - len(content)
            if container != _QUOTE:
                if indent < container if content else self._item_is_empty and number == len(self._containers) - 1:
                    return number, place
                place = min(place + container, len(text))
            elif indent <= 3 and content.startswith(">"):
                place += indent + (2 if content.startswith("> ") else 1)
            else:
                return number, place
        return len(self._containers), place

    def _open_blocks(self, text: str, place: int, matched: int, is_cut: bool) -> None:
        """Open the blocks that begin on a line, in the containers that it continues."""
        containers = list(self._containers[:matched])
        is_lazy = matched < len(self._containers)
        may_continue = self._is_in_paragraph  # the line continues the paragraph unless it opens a block
        is_paragraph = self._item_is_empty = False
        while content := text[place:].lstrip(" "):
            indent = len(text) - place - len(content)
            if indent >= 4:
                if may_continue:
                    return
                break  # indented code
            if content[0] not in _STRUCTURAL:
                if may_continue:
                    return
                is_paragraph = True
                break
            if content[0] == ">":
                containers.append(_QUOTE)
                place += indent + (2 if content.startswith("> ") else 1)
            elif (may_continue and not is_lazy and _UNDERLINE.match(content)) or _BREAK_OR_HEADING.match(content):
                break
            elif width := _measure_list_marker(content, may_continue and not is_lazy):
                containers.append(indent + width)
                place += indent + width
                self._item_is_empty = place >= len(text)
            else:
                opening = None if is_cut else _OPENING.match(content)
                if opening is None and may_continue:
                    return
                is_paragraph = opening is None
                if opening is not None:
                    self._fence, self._fence_is_empty, self._is_loose = opening[0], True, False
                break
            may_continue = False
        self._containers, self._is_in_paragraph = tuple(containers), is_paragraph


def _measure_list_marker(content: str, interrupts_paragraph: bool) -> int:
    """Return the width of a list marker and the space after it, or 0 if a text does not begin with a list marker."""
    marker = _LIST_MARKER.match(content)
    if marker is None:
        return 0
    item = content[marker.end() :].lstrip(" ")
    if interrupts_paragraph and not item:
        return 0
    # CommonMark has only 1 interrupt a paragraph. A fence after another number is nevertheless read as code.
    if interrupts_paragraph and marker[1] and int(marker[1]) != 1 and not _OPENING.match(item):
        return 0
    spaces = len(content) - marker.end() - len(item)
    return marker.end() + (spaces if item and spaces <= 4 else 1)
