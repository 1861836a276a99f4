"""Responses as bytes: whole answers and streams with their texts rewritten, refusals and faults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from prompt_policy.errors import Refusal
from prompt_policy.runtime.texts import AnswerTexts
from prompt_policy.wire import JsonObject
from prompt_policy.wire.answer import rewrite_chunk, rewrite_whole, tail_chunks
from prompt_policy.wire.json_bytes import decoded, encoded
from prompt_policy.wire.sse import Event, Events

_DONE: Final = b"[DONE]"


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole response. ``headers`` are those that only this reply has."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, refusal: Refusal, headers: Mapping[str, str], status: int | None = None) -> Reply:
        """Return a refusal or a fault as OpenAI's APIs write it; clients are told not to try again."""
        return cls(
            status or refusal.status,
            encoded(refusal.body()),
            {"content-type": "application/json", "x-should-retry": "false", **headers},
        )


def whole_reply(body: bytes, texts: AnswerTexts) -> Reply:
    """Return the response for a whole answer; the very bytes that came where no text changes."""
    answer = decoded(body)
    if not isinstance(answer, dict):
        return Reply(200, body)
    try:
        rewritten = rewrite_whole(answer, texts)
    except Refusal as fault:
        return Reply.of(fault, {})
    return Reply(200, body if rewritten is answer else encoded(rewritten))


class AnswerStream:
    """Rewrites a streamed answer. An event whose text stays is handed on byte for byte.

    What was held back comes before ``[DONE]``. A fault ends the stream with an error event, as OpenAI does.
    """

    def __init__(self, texts: AnswerTexts | None) -> None:
        self._texts = texts
        self._events = Events()
        self._last: JsonObject | None = None
        self._done = self._broken = False

    def feed(self, data: bytes) -> bytes:
        """Return what the client reads by now in place of some bytes, cut anywhere."""
        if self._texts is None:
            return data
        if self._broken:
            return b""
        try:
            return b"".join(self._rewritten(event, self._texts) for event in self._events.feed(data))
        except Refusal as fault:
            return self._failed(fault)

    def end(self) -> bytes:
        """Return what is left once the server has sent everything."""
        if self._texts is None or self._broken:
            return b""
        try:
            return (b"" if self._done else self._tails(self._texts)) + self._events.rest()
        except Refusal as fault:
            return self._failed(fault)

    def _rewritten(self, event: Event, texts: AnswerTexts) -> bytes:
        data = event.data
        if data is None:
            return event.raw
        if data.strip() == _DONE:
            return self._tails(texts) + event.raw
        chunk = decoded(data)
        if not isinstance(chunk, dict) or not chunk.get("choices"):
            return event.raw
        self._last = chunk
        rewritten = rewrite_chunk(chunk, texts)
        if rewritten is chunk:
            return event.raw
        return b"" if rewritten is None else event.with_data(encoded(rewritten))

    def _tails(self, texts: AnswerTexts) -> bytes:
        self._done = True
        if self._last is None:
            return b""
        return b"".join(b"data: %b\n\n" % encoded(chunk) for chunk in tail_chunks(self._last, texts, texts.choices))

    def _failed(self, fault: Refusal) -> bytes:
        self._broken = True
        return b"data: %b\n\ndata: %b\n\n" % (encoded(fault.body()), _DONE)
