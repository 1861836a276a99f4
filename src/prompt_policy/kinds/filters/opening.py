"""Restores the opening of an answer, which the server does not repeat."""

from __future__ import annotations

import re
from typing import Final

from prompt_policy.kinds.base import Feed, Filter
from prompt_policy.wire.answers.chat import Channel

_TAG: Final = re.compile(r"<[^<>\s]+>|\[[^\[\]\s]+\]")
_WHITESPACE: Final = " \t\r\n"
_MAX_LEADING_CHARS: Final = 4096


class OpeningRestorer(Filter):
    """Inserts an opening before the first content, unless the content begins with it or reasoning precedes it.

    Until that is certain, the filter emits what both outcomes have in common, and buffers the rest.
    """

    def __init__(self, opening: str) -> None:
        self._opening = opening
        visible = opening.strip(_WHITESPACE)
        tag = _TAG.match(visible)
        self._tag = tag.group() if tag else visible
        self._fed = ""
        self._emitted_chars = 0
        self._is_decided = False

    def open(self, channel: Channel) -> Feed:
        """Return the function that inserts the opening; for reasoning, the function that cancels the insertion."""
        return self._restore if channel == "content" else self._cancel

    def feed(self, channel: Channel, text: str) -> str:
        """Return the text, with the opening before the first of the answer."""
        return self.open(channel)(text)

    def flush(self, channel: Channel) -> str:
        """Return the buffered content, with the opening before it unless reasoning cancelled the insertion."""
        if channel != "content" or not self._fed:
            return ""
        return self._emit_rest(self._fed if self._is_decided else self._opening + self._fed)

    def _restore(self, text: str) -> str:
        if self._is_decided and not self._fed:
            return text
        if not text:
            return ""
        self._fed += text
        if self._is_decided or (begins := self._begins_with_opening(self._fed)) is True:
            return self._emit_rest(self._fed)
        if begins is False:
            return self._emit_rest(self._opening + self._fed)
        # Both outcomes begin with the text so far if the opening does; otherwise with nothing, or with less.
        certain = _count_common_chars(self._fed, self._opening + self._fed)
        emitted, self._emitted_chars = self._fed[self._emitted_chars : certain], certain
        return emitted

    def _begins_with_opening(self, text: str) -> bool | None:
        """Return whether the text begins with the opening, or its tag after whitespace; None: that is not certain."""
        if not self._tag:
            return text.startswith(self._opening) or (None if self._opening.startswith(text) else False)
        visible = text.lstrip(_WHITESPACE)
        if len(text) - len(visible) > _MAX_LEADING_CHARS:
            return False
        return visible.startswith(self._tag) or (None if self._tag.startswith(visible) else False)

    def _emit_rest(self, text: str) -> str:
        """Return what is not yet emitted of a text that is now certain."""
        self._is_decided, self._fed = True, ""
        return text[self._emitted_chars :]

    def _cancel(self, text: str) -> str:
        if text:
            self._is_decided = True  # content that is still buffered follows without the opening
        return text

    def can_pass_through(self, channel: Channel) -> bool:
        """Return whether the opening has been inserted, or the insertion was cancelled."""
        return self._is_decided and not self._fed


def _count_common_chars(one: str, other: str) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((index for index, (a, b) in pairs if a != b), min(len(one), len(other)))
