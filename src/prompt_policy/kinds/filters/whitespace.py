"""Strip stray whitespace from a text that arrives in pieces: at its ends, and blank lines. Code fences are kept."""

from __future__ import annotations

from typing import Final

from prompt_policy.kinds.filters.fences import INLINE_SPACE, FenceTracker

MAX_BUFFERED_CHARS: Final = 4096
MIN_CODE_INDENT: Final = 4
"""The columns of indentation that make a line code in Markdown."""


class WhitespaceStripper:
    """Strips one text, piece by piece. ``feed`` never buffers a visible character; ``flush`` may be called at any time.

    Arguments:
        strip_leading: remove whitespace before the first visible character, except the indentation of code.
        strip_trailing: remove whitespace after the last visible character.
        max_blank_lines: the number of consecutive blank lines that are kept; None: all.
    """

    _buffered = ""  # complete line ends and blank lines after the last visible character
    _inline = ""  # the whitespace after them, on the current line
    _blank_lines = 0
    _flushed_chars = 0  # the number of characters of the current run of whitespace that a flush has returned
    _line_is_blank = True
    _overflowed = False  # the current run of whitespace is too long to buffer
    _is_inside_line = False  # the current line has visible text, cannot be a fence, and has not overflowed

    def __init__(self, strip_leading: bool, strip_trailing: bool, max_blank_lines: int | None) -> None:
        self._strip_trailing = strip_trailing
        self._max_blank_lines = max_blank_lines
        self._dropping_leading = strip_leading  # leading whitespace is removed, and no visible character has arrived
        self._fences = FenceTracker()  # of the emitted text, so that a second pass finds the same fences

    def continue_from(self, text: str) -> None:
        """Set the state to the end of a text that the client has: the next piece continues its last line."""
        self._dropping_leading = False
        self.feed(text)
        self._buffered = self._inline = ""
        self._overflowed = False

    @property
    def is_within_line(self) -> bool:
        """Whether the current line has visible text, cannot be a fence, and has no buffered whitespace."""
        return self._is_inside_line and not self._inline

    def feed(self, text: str) -> str:
        """Return the text that can be emitted after ``text`` has arrived."""
        if self._is_inside_line and "\n" not in text:
            visible = text.rstrip(INLINE_SPACE)
            if (len(visible) == len(text) and not self._inline) or self._fences.is_code:
                return text
            if visible and len(text) <= MAX_BUFFERED_CHARS:
                buffered, self._inline = self._inline, text[len(visible) :]
                return buffered + visible
        out: list[str] = []
        first, *rest = text.split("\n")
        self._feed_segment(first, out)
        for segment in rest:
            self._feed_newline(out)
            self._feed_segment(segment, out)
        self._is_inside_line = self._fences.line is None and not self._line_is_blank and not self._overflowed
        return "".join(out)

    def flush(self) -> str:
        """Return the buffered whitespace, if it is kept even if the text ends here. More text may follow."""
        if self._dropping_leading:
            return ""
        is_code = self._fences.ends_in_code()
        if self._strip_trailing and not is_code:
            return ""
        flushed, self._buffered = self._buffered, ""
        if is_code or not (self._line_is_blank and self._exceeds_limit(self._blank_lines + 1)):
            flushed += self._inline
            self._inline = ""
        self._flushed_chars += len(flushed)
        return flushed

    def _feed_segment(self, segment: str, out: list[str]) -> None:
        if self._dropping_leading:
            segment = self._drop_leading(segment)
        if not segment:
            return
        fences = self._fences
        if fences.line is not None:
            fences.feed(segment)
        if fences.is_code:
            out.append(self._inline + segment)
            self._inline = ""
            self._line_is_blank = False
            return
        visible = segment.rstrip(INLINE_SPACE)
        if visible:
            out.append(self._buffered + self._inline + visible)
            self._buffered = self._inline = ""
            self._overflowed = self._line_is_blank = False
            self._blank_lines = self._flushed_chars = 0
        if len(visible) < len(segment):
            self._inline += segment[len(visible) :]
            self._emit_overflow(out)

    def _drop_leading(self, segment: str) -> str:
        """Return the indentation of code and the first visible text, or an empty text if all is whitespace."""
        visible = segment.lstrip(INLINE_SPACE)
        whitespace = self._inline + segment[: len(segment) - len(visible)]
        self._overflowed = self._overflowed or len(whitespace) > MAX_BUFFERED_CHARS
        self._inline = "" if visible or self._overflowed else whitespace
        if not visible:
            return ""
        self._dropping_leading = False
        return visible if self._overflowed else keep_code_indent(whitespace) + visible

    def _feed_newline(self, out: list[str]) -> None:
        if self._dropping_leading:
            self._inline = ""
            self._overflowed = False
            return
        if self._line_is_blank and self._max_blank_lines == 0 and not self._fences.keeps_blank_line:
            self._fences.drop_line()
        elif self._fences.end_line():
            out.append(self._inline + "\n")
            self._inline = ""
            self._line_is_blank = True
            return
        self._end_line(out)

    def _end_line(self, out: list[str]) -> None:
        self._blank_lines = self._blank_lines + 1 if self._line_is_blank else 0
        if not self._exceeds_limit(self._blank_lines):
            self._buffered += self._inline + "\n"
        self._inline = ""
        self._line_is_blank = True
        self._emit_overflow(out)

    def _exceeds_limit(self, blank_lines: int) -> bool:
        return self._max_blank_lines is not None and blank_lines > self._max_blank_lines

    def _emit_overflow(self, out: list[str]) -> None:
        """Emit a run of whitespace that is longer than the buffer."""
        if self._overflowed or len(self._buffered) + len(self._inline) + self._flushed_chars > MAX_BUFFERED_CHARS:
            out.append(self._buffered + self._inline)
            self._buffered = self._inline = ""
            self._overflowed = True


def keep_code_indent(whitespace: str) -> str:
    """Return the whitespace before a line's first visible character if it makes the line code, else an empty text."""
    indent = whitespace[whitespace.rfind("\r") + 1 :]
    return indent if len(indent.expandtabs(4)) >= MIN_CODE_INDENT else ""
