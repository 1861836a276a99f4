"""Byte templates of chat chunks: consecutive chunks usually differ only in their text.

After parsing one chunk we know the bytes around the text; for the next one we compare those bytes instead of parsing
JSON.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self

from prompt_policy.wire.answers.chat import CHANNEL_KEYS, CHANNELS, Channel, find_nested_keys, repeats_reasoning
from prompt_policy.wire.answers.deltas import holds_only_choices, is_droppable
from prompt_policy.wire.codec import dump_json, load_json
from prompt_policy.wire.values import Json, JsonObject

_OPENINGS: Final = {
    key: re.compile(rb'"%b" ?: ?"' % key.encode()) for channel in CHANNELS for key in CHANNEL_KEYS[channel]
}  # fmt: skip
# The inside of a JSON string: without escapes, any, and without escapes but ending with a visible character.
_PLAIN: Final = re.compile(rb'[^"\\\x00-\x1f]*')
_STRING: Final = re.compile(rb'(?:[^"\\\x00-\x1f]|\\[^\x00-\x1f])*')
_WITHIN_LINE: Final = re.compile(rb'[^"\\\x00-\x1f]*[^"\\\x00-\x20]')


@dataclass(frozen=True, slots=True)
class ChunkTemplate:
    """The bytes around the only text of a chunk.

    Attributes:
        before, after: the bytes around the text.
        choice, channel: the text's place.
        droppable_if_empty: whether the chunk holds nothing else that a client reads.
        is_within_line: returns whether an event matches the template, with a text that has no line end and ends with a
            visible character. It does not check UTF-8: invalid bytes are passed through unchanged.
    """

    before: bytes
    after: bytes
    choice: int
    channel: Channel
    droppable_if_empty: bool
    is_within_line: Callable[[bytes], bool]

    @classmethod
    def from_event(cls, raw: bytes, chunk: JsonObject) -> Self | None:
        """Return the template of an event with one ``data:`` line, or None unless it has exactly one unescaped text."""
        choice = _only_choice(chunk)
        delta = choice.get("delta") if choice is not None else None
        if choice is None or not isinstance(delta, dict) or _ends_text(choice, delta) or repeats_reasoning(delta):
            return None
        texts = [(c, key) for c in CHANNELS for key in CHANNEL_KEYS[c] if isinstance(delta.get(key), str)]
        if len(texts) != 1:
            return None
        [(channel, key)] = texts
        if channel == "reasoning" and find_nested_keys(delta, delta[key]):
            return None
        found = _OPENINGS[key].search(raw)
        text = delta[key].encode(errors="replace")
        # The key occurs only once, so this is it; inside a text, its quotation mark would be escaped.
        if found is None or raw.count(b'"%b"' % key.encode()) != 1 or not raw.startswith(text + b'"', found.end()):
            return None
        index = choice.get("index")
        droppable = is_droppable(choice, delta, {key: ""}) and holds_only_choices(chunk)
        before, after = raw[: found.end()], raw[found.end() + len(text) :]
        choice_index = index if isinstance(index, int) else 0
        return cls(before, after, choice_index, channel, droppable, _compile_within_line(before, after))

    def create_counter(self, passed_chars: list[int]) -> Callable[[bytes], bool]:
        """Return ``is_within_line`` as a function that also adds the length of each text to ``passed_chars[0]``.

        The length is in code points.
        """
        before, after, fullmatch = self.before, self.after, _WITHIN_LINE.fullmatch
        start, rest = len(before), len(after)

        def count(raw: bytes) -> bool:
            end = len(raw) - rest
            if not raw.startswith(before) or not raw.endswith(after) or fullmatch(raw, start, end) is None:
                return False
            passed_chars[0] += end - start if raw.isascii() else len(raw[start:end].decode(errors="replace"))
            return True

        return count

    def extract_text(self, raw: bytes) -> str | None:
        """Return the text of an event that matches the template, or None."""
        start, end = len(self.before), len(raw) - len(self.after)
        if end < start or not raw.startswith(self.before) or not raw.endswith(self.after):
            return None
        if _PLAIN.fullmatch(raw, start, end):
            try:
                return raw[start:end].decode()
            except UnicodeDecodeError:
                return None
        text = load_json(b'"%b"' % raw[start:end]) if _STRING.fullmatch(raw, start, end) else None
        return text if isinstance(text, str) else None

    def render(self, text: str) -> bytes:
        """Return the event with another text; no bytes if the text is empty and the event can be dropped."""
        if not text and self.droppable_if_empty:
            return b""
        return self.before + dump_json(text)[1:-1] + self.after


def _compile_within_line(before: bytes, after: bytes) -> Callable[[bytes], bool]:
    start, rest, fullmatch = len(before), len(after), _WITHIN_LINE.fullmatch

    def is_within_line(raw: bytes) -> bool:
        return raw.startswith(before) and raw.endswith(after) and fullmatch(raw, start, len(raw) - rest) is not None

    return is_within_line


def _ends_text(choice: JsonObject, delta: JsonObject) -> bool:
    """Return whether buffered text must precede what is in the chunk."""
    return choice.get("finish_reason") is not None or bool(delta.get("tool_calls") or delta.get("function_call"))


def _only_choice(chunk: JsonObject) -> JsonObject | None:
    choices: Json = chunk.get("choices")
    if not isinstance(choices, list) or len(choices) != 1 or chunk.get("usage"):
        return None
    return choices[0] if isinstance(choices[0], dict) else None
