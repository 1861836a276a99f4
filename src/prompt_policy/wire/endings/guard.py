"""The interfaces of what decides about the end of an answer, and of what ends it."""

from __future__ import annotations

from typing import Protocol

from prompt_policy.wire.answers.chat import Channel, ChoiceKey
from prompt_policy.wire.values import JsonObject


class TextGuard(Protocol):
    """Decides when the choices of an answer end."""

    def check(self, choice: ChoiceKey, channel: Channel, text: str) -> int | None:
        """Return the number of characters of ``text`` after which the choice ends, or None if it continues."""


class StreamEnding(Protocol):
    """Ends one streamed answer."""

    is_finished: bool
    """Whether the answer has been ended, so that the rest of the server's stream is not needed."""

    def feed(self, event: JsonObject, /) -> list[JsonObject]:
        """Return the events in place of one; only the same object if it passes, none once the answer has ended."""

    def can_pass(self, choice: int, channel: Channel, text: str) -> bool:
        """Return whether an event passes whose only content is a text.

        If not, feed that event next.
        """


class CheckedText:
    """Checks texts by a guard, and remembers the result of a text that is going to be checked again."""

    def __init__(self, guard: TextGuard) -> None:
        self._guard = guard
        self._end: int | None = None

    def can_pass(self, choice: int, channel: Channel, text: str) -> bool:
        """Return whether the choice continues after a text; if not, check the same text again."""
        self._end = self._guard.check(choice, channel, text)
        return self._end is None

    def check(self, choice: int, channel: Channel, text: str) -> int | None:
        """Return the number of characters of ``text`` after which the choice ends, or None if it continues."""
        if self._end is not None:
            end, self._end = self._end, None
            return end
        return self._guard.check(choice, channel, text)
