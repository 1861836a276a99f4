"""Chat events that differ in nothing but their one text: read and written without parsing JSON.

Nearly all events of a stream are alike but for a word. Parsing one of them tells where its text stands; in the next
one, the bytes before and after it need only be compared.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple, Self

from prompt_policy.wire.answer import CHANNELS, KEYS, Channel, is_bare
from prompt_policy.wire.json_bytes import encoded
from prompt_policy.wire.values import Json, JsonObject

_OPENINGS: Final = {
    key: re.compile(rb'"%b" ?: ?"' % key.encode()) for channel in CHANNELS for key in KEYS[channel]
}  # fmt: skip
# The inside of a JSON string that stands for itself; the second ends with a visible character.
_PLAIN: Final = re.compile(rb'[^"\\\x00-\x1f]*')
_WITHIN_LINE: Final = re.compile(rb'[^"\\\x00-\x1f]*[^"\\\x00-\x20]')


class Mould(NamedTuple):
    """The bytes around the one text of an event. ``may_go``: without its text there is nothing in it to be read."""

    before: bytes
    after: bytes
    choice: int
    channel: Channel
    may_go: bool

    @classmethod
    def of(cls, raw: bytes, chunk: JsonObject) -> Self | None:
        """Return the mould of an event whose data is one line, or None where it has not just one plain text."""
        choice = _only_choice(chunk)
        delta = choice.get("delta") if choice is not None else None
        if choice is None or not isinstance(delta, dict):
            return None
        texts = [(c, key) for c in CHANNELS for key in KEYS[c] if isinstance(delta.get(key), str)]
        if len(texts) != 1:
            return None
        [(channel, key)] = texts
        found = _OPENINGS[key].search(raw)
        text = delta[key].encode(errors="replace")
        # The name stands there once, so it is this one; a name inside of a text would have a backslash before the mark.
        if found is None or raw.count(b'"%b"' % key.encode()) != 1 or not raw.startswith(text + b'"', found.end()):
            return None
        index = choice.get("index")
        may_go = choice.get("finish_reason") is None and is_bare(delta, {key: ""})
        end = found.end() + len(text)
        return cls(raw[: found.end()], raw[end:], index if isinstance(index, int) else 0, channel, may_go)

    def text(self, raw: bytes) -> str | None:
        """Return the text of an event that is like this one's, or None."""
        start, end = len(self.before), len(raw) - len(self.after)
        if end < start or not raw.startswith(self.before) or not raw.endswith(self.after):
            return None
        if not _PLAIN.fullmatch(raw, start, end):
            return None
        try:
            return raw[start:end].decode()
        except UnicodeDecodeError:
            return None

    def is_within_line(self, raw: bytes) -> bool:
        """Tell whether an event is like this one's, with a text without line ends that ends with a visible character.

        Its bytes need not be UTF-8: then it is no JSON, which is not ours to read and passes as well.
        """
        end = len(raw) - len(self.after)
        return (
            raw.startswith(self.before)
            and raw.endswith(self.after)
            and _WITHIN_LINE.fullmatch(raw, len(self.before), end) is not None
        )

    def filled(self, text: str) -> bytes:
        """Return the event with another text; nothing, where without one it may go."""
        if not text and self.may_go:
            return b""
        return self.before + encoded(text)[1:-1] + self.after


def _only_choice(chunk: JsonObject) -> JsonObject | None:
    choices: Json = chunk.get("choices")
    if not isinstance(choices, list) or len(choices) != 1 or chunk.get("usage"):
        return None
    return choices[0] if isinstance(choices[0], dict) else None
