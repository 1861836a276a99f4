"""A text filter, chunks and messages for the tests of answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prompt_policy.wire.answers.chat import CHANNELS, Channel, ChoiceKey, Piece, ReasoningForm


class UpperFilter:
    """Converts to upper case, buffers a final "!" of each channel, and drops spaces."""

    def __init__(self, reasoning_form: ReasoningForm | None = None) -> None:
        self.reasoning_form = reasoning_form
        self.buffer: dict[tuple[ChoiceKey, Channel], str] = {}
        self.seen: list[ChoiceKey] = []

    def feed(self, choice: ChoiceKey, channel: Channel, text: str) -> str:
        self.seen = [*self.seen, choice] if choice not in self.seen else self.seen
        text = self.buffer.pop((choice, channel), "") + text.replace(" ", "").upper()
        if text.endswith("!"):
            self.buffer[choice, channel] = "!"
            text = text[:-1]
        return text

    def flush(self, choice: ChoiceKey, channel: Channel) -> str:
        return self.buffer.pop((choice, channel), "")

    def feed_pieces(self, choice: ChoiceKey, channel: Channel, text: str) -> list[Piece]:
        changed = self.feed(choice, channel, text)
        return [Piece(channel, changed)] if changed else []

    def flush_pieces(self, choice: ChoiceKey) -> list[Piece]:
        return [Piece(channel, text) for channel in CHANNELS if (text := self.flush(choice, channel))]

    def rewrite_whole(self, choice: ChoiceKey, texts: Mapping[Channel, str]) -> Mapping[Channel, str]:
        return {c: self.feed(choice, c, texts[c]) + self.flush(choice, c) for c in CHANNELS if c in texts}

    def can_pass_through(self, choice: ChoiceKey, channel: Channel) -> bool:
        return False

    @property
    def choices(self) -> tuple[int, ...]:
        return tuple(sorted([choice for choice in self.seen if isinstance(choice, int)]))


def chunk(*choices: Any, **keys: Any) -> dict[str, Any]:
    return {"id": "1", "choices": list(choices), **keys}


def choice(delta: Any, index: int = 0, finish: str | None = None, **keys: Any) -> dict[str, Any]:
    return {"index": index, "delta": delta, "finish_reason": finish, **keys}


def whole(**message: Any) -> dict[str, Any]:
    return {"id": "1", "choices": [{"index": 0, "message": {"role": "assistant", **message}}], "usage": {}}
