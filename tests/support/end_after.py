"""A guard that ends each text after a number of characters."""

from __future__ import annotations

from collections import Counter

from prompt_policy.kinds.base import Guard
from prompt_policy.wire.answers.chat import Channel, ChoiceKey


class EndAfter(Guard):
    """Ends a choice after ``limit`` characters of one channel."""

    reason = "it is too long"

    def __init__(self, limit: int, channels: tuple[Channel, ...] = ("content", "reasoning")) -> None:
        self._limit = limit
        self._channels = channels
        self._counts = Counter[tuple[ChoiceKey, Channel]]()

    def check(self, choice: ChoiceKey, channel: Channel, text: str) -> int | None:
        """Return how many characters of the text are within the limit, or None if all are."""
        if channel not in self._channels:
            return None
        before = self._counts[choice, channel]
        assert before < self._limit, "the choice has ended"
        self._counts[choice, channel] += len(text)
        return None if before + len(text) < self._limit else self._limit - before
