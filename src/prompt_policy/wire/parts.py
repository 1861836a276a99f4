"""The texts of an answer that comes in parts, each of which ends by itself, as Responses and Messages have them."""

from __future__ import annotations

from collections.abc import Hashable

from prompt_policy.wire.answer import Channel, Texts
from prompt_policy.wire.values import Json

Key = Hashable
"""Whatever tells the parts of an answer apart."""


def place_of(value: Json) -> int | None:
    """Return where a part stands, which is told by a number; None for what is none, of which all is one part."""
    return value if isinstance(value, int) else None


class Parts:
    """Rewrites each part as a text of its own.

    The first content part shares its filters with nothing but the news that reasoning came before it, so that what
    depends on that, a prefill to be put back, is decided once.
    """

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self._choices: dict[Key, int] = {}
        self._said: dict[Key, list[str]] = {}
        self._ended: set[Key] = set()

    def feed(self, key: Key, channel: Channel, text: str) -> str:
        """Return what the client reads in place of a piece of a part's text."""
        changed = self._texts.feed(self._choice(key, channel), channel, text)
        if channel == "reasoning":
            self.hear(text)
        self._said.setdefault(key, []).append(changed)
        return changed

    def hear(self, reasoning: str) -> None:
        """Take note of reasoning that the client reads as it is, or elsewhere."""
        self._texts.feed(0, "reasoning", reasoning)

    def has_begun(self, key: Key) -> bool:
        """Tell whether something came of a part in pieces."""
        return key in self._said

    def end(self, key: Key, channel: Channel) -> str:
        """Return what was held back of a part that has ended; asked again, nothing."""
        if key in self._ended:
            return ""
        self._ended.add(key)
        tail = self._texts.flush(self._choice(key, channel)).get(channel, "")
        self._said.setdefault(key, []).append(tail)
        return tail

    def whole(self, key: Key, channel: Channel, text: str) -> str:
        """Return the whole text of a part: what was said of it, or where nothing came in pieces, ``text`` rewritten."""
        if key not in self._said and key not in self._ended:
            self.feed(key, channel, text)
            self.end(key, channel)
        return "".join(self._said.get(key, ()))

    def _choice(self, key: Key, channel: Channel) -> int:
        """Return the filters of a part by number: 0 for the first content, negative ones for reasoning."""
        if key not in self._choices:
            same = [n for n in self._choices.values() if (n < 0) == (channel == "reasoning")]
            self._choices[key] = -1 - len(same) if channel == "reasoning" else len(same)
        return self._choices[key]
