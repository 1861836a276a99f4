"""Move the text of an answer between reasoning and content."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from prompt_policy.kinds.base import Filter
from prompt_policy.wire.answers.chat import Channel, Piece, ReasoningForm
from prompt_policy.wire.answers.think_tags import MAX_LEADING_CHARS, ThinkTagSplitter

_SPACE: Final = " \t\r\n"


class ShapePlan(NamedTuple):
    """The settings of a filter for one answer.

    Arguments:
        form: the form in which the client reads reasoning.
        splits: whether to split the content.
        is_opened: whether the content begins within the reasoning.
        opening, closing: the tags.
    """

    form: ReasoningForm
    splits: bool
    is_opened: bool
    opening: str
    closing: str


class ReasoningShaper(Filter):
    """Moves the text of one choice between reasoning and content."""

    def __init__(self, plan: ShapePlan) -> None:
        self.reasoning_form = self._form = plan.form
        tags, is_hidden = (plan.opening, plan.closing), plan.form.is_hidden
        splitter = ThinkTagSplitter(*tags, is_opened=plan.is_opened, is_repeatable=is_hidden)
        self._splitter = splitter if plan.splits else None
        self._inliner = ReasoningInliner(*tags, keeps_blank=plan.is_opened) if plan.form.is_inline else None
        self._has_reasoning = False

    def feed(self, channel: Channel, text: str) -> str:
        """Return the text unchanged: only ``feed_pieces`` moves text."""
        return text

    def feed_pieces(self, channel: Channel, text: str) -> list[Piece]:
        """Return the text split and moved. Empty reasoning marks content that the server has separated from it."""
        return self._inline(self._split(channel, text))

    def flush_pieces(self) -> list[Piece]:
        """Return a possible tag as text, and the closing tag of inlined reasoning."""
        pieces = self._inline(self._label(self._splitter.flush())) if self._splitter else []
        return pieces if self._inliner is None else [*pieces, *self._inliner.flush()]

    def _split(self, channel: Channel, text: str) -> list[Piece]:
        splitter = self._splitter
        if splitter is None or (not text and channel == "content"):
            return [Piece(channel, text)] if text else []
        if channel == "content":
            return self._label(splitter.feed(text))
        pieces = [Piece(channel, "")] if splitter.deny_opening() and self._inliner is None else []
        if text.strip(_SPACE):
            pieces += self._label(splitter.flush())
            self._has_reasoning = True
            if not self._form.is_hidden:
                splitter.stop()
        if text or self._inliner is None:
            pieces.append(Piece(channel, text))
        return pieces

    def _label(self, split: Iterable[tuple[bool, str]]) -> list[Piece]:
        pieces: list[Piece] = []
        for is_reasoning, text in split:
            if text or self._form.is_hidden or not self._has_reasoning:
                pieces.append(Piece("reasoning" if is_reasoning else "content", text))
            self._has_reasoning = self._has_reasoning or is_reasoning
        return pieces

    def _inline(self, pieces: list[Piece]) -> list[Piece]:
        inliner = self._inliner
        return pieces if inliner is None else [new for piece in pieces for new in inliner.feed(piece)]


class ReasoningInliner:
    """Moves reasoning into the content, between tags on lines of their own; content begins after a blank line.

    Arguments:
        opening, closing: the tags.
        keeps_blank: whether reasoning without visible text is moved, too, and not removed.
    """

    def __init__(self, opening: str, closing: str, *, keeps_blank: bool) -> None:
        self._opening, self._closing = opening, closing
        self._keeps_blank = keeps_blank
        self._is_open = False
        self._ends_line = False
        self._blank = ""  # reasoning without visible text, which is not emitted yet
        self._separator = ""  # what must precede the next content
        self._newlines = 0  # how many newlines at the start of the content the separator replaces

    def feed(self, piece: Piece) -> Iterator[Piece]:
        """Yield content in place of a piece."""
        if piece.channel == "reasoning":
            text = self._blank + piece.text
            may_be_removed = not (self._is_open or self._keeps_blank) and len(text) <= MAX_LEADING_CHARS
            self._blank = text if may_be_removed and not text.strip(_SPACE) else ""
            if self._blank:
                return
            yield Piece("content", self._open_block(text) + text)
        elif text := self._close_block() + self._continue(piece.text):
            yield Piece("content", text)

    def flush(self) -> Iterator[Piece]:
        """Yield the closing tag of a block that is open."""
        if closing := self._close_block():
            yield Piece("content", closing)

    def _open_block(self, text: str) -> str:
        opening = ""
        if not self._is_open:
            opening = self._opening if text.startswith("\n") else f"{self._opening}\n"
            self._is_open = self._ends_line = True
        if text:
            self._ends_line = text.endswith("\n")
        return opening

    def _close_block(self) -> str:
        self._blank = ""
        if not self._is_open:
            return ""
        self._is_open, self._separator, self._newlines = False, "\n\n", 2
        return self._closing if self._ends_line else f"\n{self._closing}"

    def _continue(self, text: str) -> str:
        if not text:
            return ""
        separator, self._separator = self._separator, ""
        kept = text
        while self._newlines and kept.startswith("\n"):
            kept, self._newlines = kept[1:], self._newlines - 1
        if kept:
            self._newlines = 0
        return separator + kept
