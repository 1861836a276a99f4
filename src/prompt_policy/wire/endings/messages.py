"""Ends streams of Anthropic's Messages."""

from __future__ import annotations

from typing import Final

from prompt_policy.wire.answers.chat import Channel
from prompt_policy.wire.endings.guard import TextGuard
from prompt_policy.wire.values import JsonObject

_TEXT_KEYS: Final[dict[str, tuple[Channel, str]]] = {
    "text_delta": ("content", "text"),
    "thinking_delta": ("reasoning", "thinking"),
}


class MessagesEnding:
    """Ends one streamed answer with ``stop_reason: end_turn``.

    The events that end an answer contain its usage, which the server has not reported; the last one that it reported is
    repeated.
    """

    def __init__(self, guard: TextGuard, _choices: int = 1) -> None:
        self._guard = guard
        self._usage: JsonObject = {}
        self.is_finished = False

    def can_pass(self, _choice: int, _channel: Channel, _text: str) -> bool:
        """Return False: events of Messages are always fed."""
        return False

    def feed(self, event: JsonObject, /) -> list[JsonObject]:
        """Return the events in place of one; only the same object if it passes, none once the answer has ended."""
        if self.is_finished:
            return []
        kind, delta, message = event.get("type"), event.get("delta"), event.get("message")
        if kind == "message_start" and isinstance(message, dict) and isinstance(message.get("usage"), dict):
            self._usage = message["usage"]
        if kind != "content_block_delta" or not isinstance(delta, dict):
            return [event]
        channel, key = _TEXT_KEYS.get(str(delta.get("type")), ("content", ""))
        text = delta.get(key)
        if not isinstance(text, str) or (end := self._guard.check(0, channel, text)) is None:
            return [event]
        self.is_finished = True
        usage = {"output_tokens": 0, **self._usage}
        return [
            {**event, "delta": {**delta, key: text[:end]}},
            {"type": "content_block_stop", "index": event.get("index")},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": usage},
            {"type": "message_stop"},
        ]
