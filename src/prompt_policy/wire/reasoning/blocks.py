"""Removes the reasoning at the start of a complete text. A tag that the text only mentions is not changed."""

from __future__ import annotations

import re
from typing import Final

from prompt_policy.wire.reasoning.quoted_text import QuotedText

MAX_REASONING_BLOCKS: Final = 32
"""A text that begins with more blocks than this was not written by a model, and is left as it is."""
_ELEMENT: Final = re.compile(r"<[A-Za-z][\w:.-]*>")
_SUSPICIOUS: Final = re.compile(r"[`>\"'“„«‹「『《’‘]|~~~")
_BLANK_LINES: Final = re.compile(r"(?:[ \t]*+\r?\n)*+")
_START_OF_LINE: Final = re.compile(r"(?:\A|\n) {0,3}\Z")
_INDENTED_CODE: Final = re.compile(r"(?:    | {0,3}\t)")
_END_OF_LINE: Final = re.compile(r"[ \t\r]*+(?:\n|\Z)")
_BLANK_LINE_AFTER: Final = re.compile(r"[ \t\r]*+\n[ \t\r]*+(?:\n|\Z)")


class ReasoningRemover:
    """Removes the reasoning blocks at the start of texts.

    A block is the text between the tags, or the text before a closing tag whose opening tag the chat template wrote.
    Without an opening tag, the closing tag must be on a line of its own or followed by a blank line, as DeepSeek-R1,
    QwQ, Qwen3-Thinking and MiniMax-M2 write it.

    Arguments:
        opening: the opening tag. ``<name>`` matches with attributes, too.
        closing: the closing tag.
    """

    def __init__(self, opening: str, closing: str) -> None:
        is_element = _ELEMENT.fullmatch(opening) is not None
        pattern = re.escape(opening[:-1]) + r"(?:\s[^<>]*+)?>" if is_element else re.escape(opening)
        self._stem = opening[:-1] if is_element else opening
        self._closing_text = closing
        self._first_opening = re.compile(rf"\s*+{pattern}")
        self._opening = re.compile(pattern)
        self._closing = re.compile(re.escape(closing))

    def can_skip(self, text: str) -> bool:
        """Return whether a text surely has no reasoning: the usual case."""
        return self._stem not in text and self._closing_text not in text

    def remove(self, text: str) -> str:
        """Return a text without its blocks. They are removed until none is left, so a second pass changes nothing.

        A block that is never closed extends to the end.
        """
        if self.can_skip(text):
            return text
        remaining = text
        for _ in range(MAX_REASONING_BLOCKS + 1):
            end = self._find_end(remaining)
            if end is None:
                return remaining
            blank_lines = _BLANK_LINES.match(remaining, end)
            remaining = remaining[blank_lines.end() if blank_lines else end :]
        return text

    def _find_end(self, text: str) -> int | None:
        """Return the index after the block at the start of a text; None if the text does not begin with one."""
        opened = self._first_opening.match(text)
        if opened is None:
            return self._find_end_without_opening(text)
        first = self._closing.search(text, opened.end())
        if first is None:
            return len(text)
        if _SUSPICIOUS.search(text, opened.end(), first.start()) is None:
            return first.end()
        return self._find_end_among_mentions(text, opened.end())

    def _find_end_among_mentions(self, text: str, start: int) -> int:
        """Return the index after the closing tag of a block that may also mention the tag.

        Reasoning is careless Markdown: an unclosed fence or backtick may seem to enclose the true end. A tag that is
        not quoted is the end, unless only an earlier one looks like an end; so the answer is never removed.
        """
        quoted = QuotedText(text, start, unclosed_fence_is_code=False)
        first: re.Match[str] | None = None
        end_like: re.Match[str] | None = None
        for tag in self._closing.finditer(text, start):
            first = first or tag
            if not quoted.contains(*tag.span()):
                return (tag if _looks_like_an_end(text, tag) else end_like or tag).end()
            if end_like is None and _looks_like_an_end(text, tag):
                end_like = tag
        last_resort = end_like or first
        return len(text) if last_resort is None else last_resort.end()

    def _find_end_without_opening(self, text: str) -> int | None:
        if self._closing_text not in text:
            return None
        quoted = QuotedText(text)
        opening = next((tag for tag in self._opening.finditer(text) if not quoted.contains(*tag.span())), None)
        for tag in self._closing.finditer(text, 0, len(text) if opening is None else opening.start()):
            if _looks_like_an_end(text, tag) and not (quoted.contains(*tag.span()) or quoted.spans_lines(*tag.span())):
                return tag.end()
        return None


def _looks_like_an_end(text: str, tag: re.Match[str]) -> bool:
    """Return whether a closing tag is on a line of its own, or followed by a blank line."""
    begin, end = tag.span()
    if _BLANK_LINE_AFTER.match(text, end):
        return _INDENTED_CODE.match(text, text.rfind("\n", 0, begin) + 1) is None
    starts_line = _START_OF_LINE.search(text, max(0, begin - 4), begin) is not None
    return starts_line and _END_OF_LINE.match(text, end) is not None
