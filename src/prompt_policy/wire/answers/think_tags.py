"""Splits streamed content into reasoning and answer at think tags. A tag that the text only mentions is text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

OPENING_TAG: Final = "<think>"
CLOSING_TAG: Final = "</think>"
_SPACE: Final = " \t\r\n"
MAX_LEADING_CHARS: Final = 4096
"""The length of leading whitespace that is buffered because a tag may follow."""
_MAX_LINE_CHARS: Final = 200
_FENCE: Final = re.compile(r"[ \t\r>]*+(`{3,}+|~{3,}+)(.*)")
_QUOTES: Final = {"`": "`", '"': '"', "'": "'", "“": "”", "‘": "’", "«": "»"}


class ThinkTagSplitter:
    """Splits content into reasoning and answer, regardless of how it is chunked.

    Reasoning is the text between an opening tag at the start and the next closing tag. Blocks without visible text are
    removed until none is left, so that a second splitter changes nothing. Only whitespace and a possible tag are
    buffered.

    Arguments:
        opening, closing: the tags.
        is_opened: whether the chat template wrote the opening tag, so that content begins within the reasoning.
        is_repeatable: whether further blocks may follow a block with visible text.
        keeps_tags: whether the tags are part of the reasoning, and no whitespace is removed.
    """

    def __init__(
        self,
        opening: str = OPENING_TAG,
        closing: str = CLOSING_TAG,
        *,
        is_opened: bool = False,
        is_repeatable: bool = False,
        keeps_tags: bool = False,
    ) -> None:
        self._opening, self._closing = opening, closing
        self._is_opened = is_opened
        self._is_repeatable = is_repeatable
        self._keeps_tags = keeps_tags
        self._state = "start"  # or "reasoning", or "answer"
        self._buffer = ""
        self._blank = ""  # reasoning without visible text, which is not emitted yet
        self._is_visible = False  # whether the reasoning has visible text
        self._place = _Place(opening, closing)

    def stop(self) -> None:
        """Treat the following text as the answer."""
        self._state = "answer"

    def deny_opening(self) -> bool:
        """Let content begin with the answer, because the server separates its reasoning; return whether it did not."""
        was_opened, self._is_opened = self._is_opened, False
        return was_opened

    def feed(self, text: str) -> Iterator[tuple[bool, str]]:
        """Yield pieces of the text, each after a flag that is true for reasoning.

        Empty reasoning is yielded at the end of a block whose opening tag the template wrote.
        """
        self._buffer += text
        yield from self._split(is_last=False)

    def flush(self) -> Iterator[tuple[bool, str]]:
        """Yield the buffered text. More text may follow."""
        yield from self._split(is_last=True)
        rest, self._buffer = self._buffer, ""
        if not rest:
            return
        if self._state == "reasoning" or (self._state == "start" and self._is_opened and rest.strip(_SPACE)):
            self._state = "reasoning"
            yield from self._emit_reasoning(rest)
        else:
            if rest.strip(_SPACE):
                self._state = "answer"
            yield False, rest

    def _split(self, *, is_last: bool) -> Iterator[tuple[bool, str]]:
        while self._buffer:
            if self._state == "start":
                if not self._can_leave_start():
                    return
                if self._keeps_tags and self._state == "reasoning":
                    yield from self._emit_reasoning(self._take(self._buffer.index(self._opening) + len(self._opening)))
            elif self._state == "reasoning":
                before = len(self._buffer)
                yield from self._split_reasoning(is_last)
                if self._state == "reasoning" and (not self._buffer or len(self._buffer) == before):
                    return
            else:
                yield False, self._take(len(self._buffer))

    def _can_leave_start(self) -> bool:
        """Return whether it is certain what the text begins with."""
        visible = self._buffer.lstrip(_SPACE)
        is_short = len(self._buffer) - len(visible) <= MAX_LEADING_CHARS
        if is_short and visible.startswith(self._opening):
            self._state = "reasoning"
            if not self._keeps_tags:
                self._buffer = visible[len(self._opening) :]
            return True
        if is_short and self._opening.startswith(visible):
            return False
        self._state = "reasoning" if self._is_opened else "answer"
        return True

    def _split_reasoning(self, is_last: bool) -> Iterator[tuple[bool, str]]:
        """Yield reasoning up to the first closing tag that may be one; then the tag, if the text only mentions it."""
        start = self._buffer.find(self._closing)
        if start < 0:
            partial = 0 if is_last else _count_partial_tag(self._buffer, self._closing)
            yield from self._emit_reasoning(self._take(len(self._buffer) - partial))
            return
        yield from self._emit_reasoning(self._take(start))
        size = len(self._closing)
        after = self._buffer[size : size + 1]
        if not after and not is_last and self._place.may_be_quoted:
            return
        if self._place.is_code or self._place.is_quoted(after):
            yield from self._emit_reasoning(self._take(size))
        else:
            yield from self._close(self._take(size))

    def _close(self, tag: str) -> Iterator[tuple[bool, str]]:
        if self._keeps_tags:
            yield from self._emit_reasoning(tag)
        elif self._is_opened:
            yield True, ""
        self._blank = ""
        self._state = "answer" if self._is_visible and not self._is_repeatable else "start"
        self._is_opened = self._is_visible = False
        self._place = _Place(self._opening, self._closing)

    def _emit_reasoning(self, text: str) -> Iterator[tuple[bool, str]]:
        if not text:
            return
        self._place.feed(text)
        if not self._is_visible and not self._keeps_tags:
            self._blank += text
            if not text.strip(_SPACE) and len(self._blank) <= MAX_LEADING_CHARS:
                return
            text, self._blank = self._blank, ""
        self._is_visible = True
        yield True, text

    def _take(self, length: int) -> str:
        taken, self._buffer = self._buffer[:length], self._buffer[length:]
        return taken


class _Place:
    """The place that reasoning has reached: within a code fence, within a line, after a quotation mark."""

    def __init__(self, opening: str, closing: str) -> None:
        self._opening, self._closing = opening, closing
        self._line = ""  # the beginning of the current line
        self._last = ""
        self._fence = ""
        self._open_tags = 0  # the blocks that the code in the fence has opened and not closed

    def feed(self, text: str) -> None:
        *lines, rest = (self._line + text).split("\n")
        for line in lines:
            self._end_line(line[:_MAX_LINE_CHARS])
        self._line, self._last = rest[:_MAX_LINE_CHARS], text[-1]

    @property
    def is_code(self) -> bool:
        """Whether a closing tag here belongs to code.

        Within a fence, a tag at the start of a line ends the reasoning unless the code has an opening tag for it,
        because the fence may never be closed.
        """
        return bool(self._fence) and (bool(self._line.strip(_SPACE)) or self._open_tags > 0)

    @property
    def may_be_quoted(self) -> bool:
        """Whether a quotation mark or a backtick precedes this place."""
        return self._last in _QUOTES

    def is_quoted(self, after: str) -> bool:
        """Return whether a tag here is between quotation marks or backticks."""
        return bool(after) and _QUOTES.get(self._last) == after

    def _end_line(self, line: str) -> None:
        fence = _FENCE.match(line)
        if self._fence:
            if fence is not None and fence[1].startswith(self._fence) and not fence[2].strip(_SPACE):
                self._fence = ""
            self._open_tags = max(0, self._open_tags + line.count(self._opening) - line.count(self._closing))
        elif fence is not None and not (fence[1][0] == "`" and "`" in fence[2]):
            self._fence, self._open_tags = fence[1], 0


def _count_partial_tag(text: str, tag: str) -> int:
    """Return the length of the longest start of a tag that the text ends with."""
    sizes = range(min(len(tag) - 1, len(text)), 0, -1)
    return next((size for size in sizes if text.endswith(tag[:size])), 0)
