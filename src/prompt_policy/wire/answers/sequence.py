"""Keeps the order of reasoning and content in a streamed answer: buffered text precedes what ends its text."""

from __future__ import annotations

from typing import NamedTuple

from prompt_policy.wire.answers.chat import CHANNELS, Channel, Piece, TextFilter


class Fed(NamedTuple):
    """The output for a piece of text: the rest of the other channel, which comes first, and the piece's replacement."""

    rest: str
    text: str


class ChannelSequence:
    """Feeds the texts of a streamed chat answer to its filters, and flushes each channel before another one begins."""

    def __init__(self, filters: TextFilter) -> None:
        self._filters = filters
        self._open: dict[int, Channel] = {}  # the channel of the last text that the client received
        self._first: dict[int, Channel] = {}  # the channel of the first text, while it is buffered
        self._verbatim: set[int] = set()  # the choices whose reasoning is not changed

    def feed(self, choice: int, channel: Channel, text: str) -> Fed:
        """Return what the client receives in place of a piece of text."""
        changed = self._filters.feed(choice, channel, text)
        if channel == "reasoning" and choice in self._verbatim:
            changed = text
        if not changed:
            if text and choice not in self._open:
                self._first.setdefault(choice, channel)
            return Fed("", changed)
        before = self._open.get(choice)
        if before == channel:
            return Fed("", changed)
        self._open[choice] = channel
        return Fed(self.flush(choice, "content" if channel == "reasoning" else "reasoning"), changed)

    def feed_pieces(self, choice: int, channel: Channel, text: str) -> list[Piece]:
        """Return what the client receives in place of a piece of text, in order."""
        rest, changed = self.feed(choice, channel, text)
        other: Channel = "content" if channel == "reasoning" else "reasoning"
        return [Piece(other, rest), Piece(channel, changed)]

    def flush(self, choice: int, channel: Channel) -> str:
        """Return the buffered text of a channel, which an event ends."""
        rest = self._filters.flush(choice, channel)
        return "" if channel == "reasoning" and choice in self._verbatim else rest

    def preserve_reasoning(self, choice: int) -> str:
        """Leave the reasoning of a choice unchanged from now on, and return its buffered text."""
        rest = self.flush(choice, "reasoning")
        self._verbatim.add(choice)
        return rest

    def is_open(self, choice: int, channel: Channel) -> bool:
        """Return whether the client's last text is of this channel, so that the filters alone decide about the next."""
        return self._open.get(choice) == channel and not (channel == "reasoning" and choice in self._verbatim)

    def flush_all(self, choice: int) -> list[Piece]:
        """Return the buffered text of each channel that has some, in the order in which it arrived."""
        first = self._open.pop(choice, self._first.pop(choice, None))
        channels = CHANNELS[::-1] if first == "content" else CHANNELS
        flushed = [Piece(channel, self.flush(choice, channel)) for channel in channels]
        return [piece for piece in flushed if piece.text]
