"""Responses as bytes: whole answers and streams with their texts rewritten, refusals and faults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from prompt_policy.errors import Refusal
from prompt_policy.runtime.texts import AnswerTexts
from prompt_policy.wire import Endpoint, JsonObject
from prompt_policy.wire.answer import ChatStream, rewrite_whole
from prompt_policy.wire.json_bytes import decoded, encoded
from prompt_policy.wire.messages_answer import MessagesStream, rewrite_message
from prompt_policy.wire.mould import Mould
from prompt_policy.wire.responses_answer import ResponsesStream, rewrite_response
from prompt_policy.wire.sse import Event, Events

_DONE: Final = b"[DONE]"


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole response. ``headers`` are those that only this reply has."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls, refusal: Refusal, headers: Mapping[str, str], status: int | None = None, endpoint: Endpoint = "chat"
    ) -> Reply:
        """Return a refusal or a fault as the endpoint's API writes it; clients are told not to try again."""
        told = {"content-type": "application/json", "x-should-retry": "false", **headers}
        return cls(status or refusal.status, encoded(_error(refusal, endpoint)), told)


def _error(refusal: Refusal, endpoint: Endpoint) -> JsonObject:
    if endpoint == "messages":
        return {"type": "error", "error": {"type": refusal.type, "message": refusal.message}}
    return refusal.body()


def whole_reply(body: bytes, texts: AnswerTexts, endpoint: Endpoint = "chat") -> Reply:
    """Return the response for a whole answer; the very bytes that came where no text changes."""
    try:
        answer = decoded(body)
        if not isinstance(answer, dict):
            return Reply(200, body)
        rewritten = _WHOLE.get(endpoint, rewrite_whole)(answer, texts)
        return Reply(200, body if rewritten is answer else encoded(rewritten))
    except RecursionError:  # nested too deeply to be read, or to be written
        return Reply(200, body)
    except Refusal as fault:
        return Reply.of(fault, {}, endpoint=endpoint)


class Rewriter(Protocol):
    """What rewrites the values of a stream, one after another."""

    def rewrite(self, value: JsonObject, /) -> list[JsonObject]: ...

    def end(self) -> list[JsonObject]: ...


_WHOLE: Final = {"responses": rewrite_response, "messages": rewrite_message}
_STREAMS: Final[dict[str, Callable[[AnswerTexts], Rewriter]]] = {
    "responses": ResponsesStream,
    "messages": MessagesStream,
}


class AnswerStream:
    """Rewrites a streamed answer. An event whose text stays is handed on byte for byte.

    What was held back comes before ``[DONE]``. A fault ends the stream with an error event, as the APIs do. A chat
    event that is like the last one but for its text is not parsed.
    """

    def __init__(self, texts: AnswerTexts | None, endpoint: Endpoint = "chat") -> None:
        self._endpoint = endpoint
        self._texts = texts
        self._rewriter = _STREAMS.get(endpoint, ChatStream)(texts) if texts is not None else None
        self._events = Events()
        self._mould: Mould | None = None  # of the last event
        self._calm: Mould | None = None  # the same, while text within a line passes as it is
        self._done = self._broken = False

    def feed(self, data: bytes) -> bytes:
        """Return what the client reads by now in place of some bytes, cut anywhere."""
        if self._calm is not None and self._calm.is_within_line(data):
            return data
        if self._texts is None or self._rewriter is None:
            return data
        if self._broken:
            return b""
        self._calm = None
        try:
            mould = self._mould
            if mould is not None and self._events.is_between and (text := mould.text(data)) is not None:
                changed = self._texts.feed(mould.choice, mould.channel, text)
                self._calm = mould if self._texts.is_calm(mould.choice, mould.channel) else None
                return data if changed == text else mould.filled(changed)
            return b"".join([self._rewritten(event, self._rewriter) for event in self._events.feed(data)])
        except Refusal as fault:
            return self._failed(fault)

    def end(self) -> bytes:
        """Return what is left once the server has sent everything."""
        if self._rewriter is None or self._broken:
            return b""
        try:
            return self._tails(self._rewriter) + self._events.rest()
        except Refusal as fault:
            return self._failed(fault)

    def _rewritten(self, event: Event, rewriter: Rewriter) -> bytes:
        data = event.data
        if data is None or self._done:
            return event.raw
        if data.strip() == _DONE:
            return self._tails(rewriter) + event.raw
        try:
            value = decoded(data)
            if not isinstance(value, dict):
                return event.raw
            values = rewriter.rewrite(value)
            self._mould = Mould.of(event.raw, value) if event.is_plain and self._endpoint == "chat" else None
            if len(values) == 1 and values[0] is value:
                # An error of the server's ends an answer, and clients read no further.
                return self._tails(rewriter) + event.raw if value.get("error") else event.raw
            added = b"".join(_named(each) for each in values[:-1])
            written = added + (event.with_data(encoded(values[-1])) if values else b"")
        except RecursionError:  # nested too deeply to be read, or to be written
            return event.raw
        event.passes = False
        return written

    def _tails(self, rewriter: Rewriter) -> bytes:
        if self._done:
            return b""
        self._done, self._mould = True, None
        try:
            return b"".join(b"data: %b\n\n" % encoded(value) for value in rewriter.end())
        except RecursionError:  # shaped like a chunk that is nested too deeply to be written
            return b""

    def _failed(self, fault: Refusal) -> bytes:
        self._broken = True
        if self._endpoint == "messages":
            return _named({"type": "error", **_error(fault, self._endpoint)})
        return b"data: %b\n\ndata: %b\n\n" % (encoded(fault.body()), _DONE)


def _named(value: JsonObject) -> bytes:
    """Return an event that did not come from the server; these APIs name an event after its type."""
    return b"event: %b\ndata: %b\n\n" % (str(value["type"]).encode(), encoded(value))
