"""Tell thoughts from answers in a stream, to show them differently."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

OPENS: Final = "<think>"
CLOSES: Final = "</think>"


class Thoughts:
    """Cuts content into thoughts and answer, however it was cut before. The tags belong to the thought."""

    def __init__(self) -> None:
        self._held = ""
        self._is_thought = False
        self._may_open = True

    def feed(self, text: str) -> Iterator[tuple[bool, str]]:
        """Yield whether a piece is a thought, and the piece."""
        self._held += text
        if self._may_open:
            begun = self._held.lstrip()
            if OPENS.startswith(begun[: len(OPENS)]) and len(begun) < len(OPENS):
                return
            self._may_open, self._is_thought = False, begun.startswith(OPENS)
        if self._is_thought and CLOSES in self._held:
            thought, _, self._held = self._held.partition(CLOSES)
            yield True, thought + CLOSES
            self._is_thought = False
        ready = len(self._held) - (_overlap(self._held, CLOSES) if self._is_thought else 0)
        piece, self._held = self._held[:ready], self._held[ready:]
        if piece:
            yield self._is_thought, piece

    def end(self) -> Iterator[tuple[bool, str]]:
        """Yield what is left."""
        if self._held:
            yield self._is_thought, self._held


def _overlap(text: str, tag: str) -> int:
    """Return how much of a tag the text ends with."""
    return next((size for size in range(len(tag) - 1, 0, -1) if text.endswith(tag[:size])), 0)
