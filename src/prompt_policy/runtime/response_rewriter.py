"""Rewrites responses as bytes: complete answers, streams, and error responses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from prompt_policy.errors import Refusal
from prompt_policy.runtime.filter_chain import AnswerFilters, create_empty_filters
from prompt_policy.wire import Endpoint, JsonObject
from prompt_policy.wire.answers import StreamRewriter
from prompt_policy.wire.answers.chat_message import rewrite_completion
from prompt_policy.wire.answers.chat_stream import ChatChunkRewriter
from prompt_policy.wire.answers.messages import MessagesRewriter, rewrite_message
from prompt_policy.wire.answers.responses import ResponsesRewriter, rewrite_response
from prompt_policy.wire.chunk_template import ChunkTemplate
from prompt_policy.wire.codec import dump_json, load_json
from prompt_policy.wire.endings import StreamEnding
from prompt_policy.wire.sse import ServerSentEvent, SSEDecoder

_DONE: Final = b"[DONE]"
_ENDPOINTS_WITH_DONE: Final = ("chat", "completions")
_NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})


class Reply(NamedTuple):
    """A complete response. ``headers`` are those that only this response has."""

    status: int
    body: bytes
    headers: Mapping[str, str] = _NO_HEADERS

    @classmethod
    def from_error(
        cls, error: Refusal, headers: Mapping[str, str], status: int | None = None, endpoint: Endpoint = "chat"
    ) -> Reply:
        """Return an error response in the format of the endpoint, which asks clients not to retry."""
        all_headers = {"content-type": "application/json", "x-should-retry": "false", **headers}
        return cls(status or error.status, dump_json(_error_body(error, endpoint)), all_headers)


def _error_body(error: Refusal, endpoint: Endpoint) -> JsonObject:
    if endpoint == "messages":
        return {"type": "error", "error": {"type": error.type, "message": error.message}}
    return error.body()


def rewrite_body(body: bytes, filters: AnswerFilters, endpoint: Endpoint = "chat") -> Reply:
    """Return the response for a complete answer; its body is the same object if no text changes."""
    try:
        answer = load_json(body)
        if not isinstance(answer, dict):
            return Reply(200, body)
        rewritten = rewrite_answer(answer, filters, endpoint)
        return Reply(200, body if rewritten is answer else dump_json(rewritten))
    except RecursionError:  # nested too deeply to be parsed or written
        return Reply(200, body)
    except Refusal as fault:
        return Reply.from_error(fault, {}, endpoint=endpoint)


def rewrite_answer(answer: JsonObject, filters: AnswerFilters, endpoint: Endpoint) -> JsonObject:
    """Return a complete answer with its texts filtered; the same object if no text changes.

    Raise InternalError if a filter fails and the policy has ``on_error: closed``.
    """
    return _REWRITE_ANSWER.get(endpoint, rewrite_completion)(answer, filters)


EventRewriter: TypeAlias = StreamRewriter[JsonObject, list[JsonObject]]
_REWRITE_ANSWER: Final = {"responses": rewrite_response, "messages": rewrite_message}
_EVENT_REWRITERS: Final[dict[str, Callable[[AnswerFilters], EventRewriter]]] = {
    "responses": ResponsesRewriter,
    "messages": MessagesRewriter,
}


class ChunkCache:
    """Rewrites a chat chunk without parsing it, if it differs from the last parsed one only in its text."""

    __slots__ = ("_ending", "_filters", "_passed_chars", "_rewriter", "can_pass_through", "template")

    def __init__(
        self, filters: AnswerFilters | None, rewriter: EventRewriter | None, ending: StreamEnding | None
    ) -> None:
        self._filters = filters
        self._rewriter = rewriter
        self._ending = ending
        self._passed_chars = [0]  # the length of the content that passed since it was last reported
        self.template: ChunkTemplate | None = None
        """The template of the last parsed chunk."""
        self.can_pass_through: Callable[[bytes], bool] | None = None
        """Returns whether bytes pass unchanged and leave the filters' state unchanged; None if none do."""

    def try_rewrite(self, data: bytes) -> bytes | None:
        """Return the bytes that the client receives in place of a chunk, or None if the chunk must be parsed."""
        if self.can_pass_through is not None and self.can_pass_through(data):
            return data
        self.can_pass_through = None
        template, filters = self.template, self._filters
        if template is None or filters is None or (text := template.extract_text(data)) is None:
            return None
        choice, channel = template.choice, template.channel
        if self._ending is not None and not self._ending.can_pass(choice, channel, text):
            return None
        rewritten = filters.feed(choice, channel, text)
        if channel == "content" and isinstance(self._rewriter, ChatChunkRewriter):
            self.report_passed_content()
            self._rewriter.get_offsets(choice).record(text, rewritten)
        if self._ending is None and filters.can_pass_through(choice, channel):
            is_content = channel == "content"
            self.can_pass_through = (
                template.create_counter(self._passed_chars) if is_content else template.is_within_line
            )
        return data if rewritten == text else template.render(rewritten)

    def report_passed_content(self) -> None:
        """Report to the rewriter how much content has passed without it, so that it can shift offsets."""
        template, [passed] = self.template, self._passed_chars
        if passed and template is not None and isinstance(self._rewriter, ChatChunkRewriter):
            self._passed_chars[0] = 0
            self._rewriter.get_offsets(template.choice).advance(passed)

    def clear(self) -> None:
        """Forget the last parsed chunk."""
        self.template = self.can_pass_through = None


class SSERewriter:
    """Rewrites a streamed answer. An event whose text does not change is passed on byte for byte.

    Buffered text precedes ``[DONE]``. An internal error ends the stream with an error event, as the APIs do.

    Arguments:
        filters: the answer's filters; None: the stream passes unchanged.
        endpoint: the format of the stream.
        ending: ends the stream early if a guard requires it; None: no guard acts on the stream.
    """

    def __init__(
        self, filters: AnswerFilters | None, endpoint: Endpoint = "chat", ending: StreamEnding | None = None
    ) -> None:
        if filters is None and ending is not None:
            filters = create_empty_filters()
        self.is_finished = False
        """Whether the client has its whole answer, so that the server's connection can be closed."""
        self._endpoint = endpoint
        self._ending = ending
        self._rewriter = None if filters is None else _EVENT_REWRITERS.get(endpoint, ChatChunkRewriter)(filters)
        self.chunk_cache = ChunkCache(filters, self._rewriter, ending)
        self._decoder = SSEDecoder()
        self._done = self._failed = False

    def feed(self, data: bytes, /) -> bytes:
        """Return the bytes that the client receives after ``data``, which may be cut anywhere."""
        if self._rewriter is None:
            return data
        if self._failed or self.is_finished:
            return b""
        try:
            if self._decoder.at_event_boundary and (rewritten := self.chunk_cache.try_rewrite(data)) is not None:
                return rewritten
            events = self._decoder.feed(data)
            return b"".join([b"" if self.is_finished else self._rewrite(event, self._rewriter) for event in events])
        except Refusal as fault:
            return self._fail(fault)

    def flush(self) -> bytes:
        """Return the buffered text and bytes; call it once, when the server has sent everything."""
        if self._rewriter is None or self._failed or self.is_finished:
            return b""
        try:
            return self._flush_text(self._rewriter) + self._decoder.flush()
        except Refusal as fault:
            return self._fail(fault)

    def _rewrite(self, event: ServerSentEvent, rewriter: EventRewriter) -> bytes:
        data = event.data
        if data is None or self._done:
            return event.raw
        if data.strip() == _DONE:
            return self._flush_text(rewriter) + event.raw
        try:
            value = load_json(data)
            if not isinstance(value, dict):
                return event.raw
            remaining = None if self._ending is None else self._ending.feed(value)
            if remaining is not None and (len(remaining) != 1 or remaining[0] is not value):
                event.forward_raw = False
                return self._write_remaining(remaining, rewriter)
            self.chunk_cache.report_passed_content()
            values = rewriter.feed(value)
            if isinstance(rewriter, ChatChunkRewriter):
                self.chunk_cache.template = _create_template(event, value, rewriter)
            if len(values) == 1 and values[0] is value:
                # A server error ends the answer: clients read no further.
                return self._flush_text(rewriter) + event.raw if value.get("error") else event.raw
            if values and values[-1] is value:
                return b"".join(map(self._create_event, values[:-1])) + event.raw
            added = b"".join(map(self._create_event, values[:-1]))
            written = added + (event.with_data(dump_json(values[-1])) if values else b"")
        except RecursionError:  # nested too deeply to be parsed or written
            return event.raw
        event.forward_raw = False
        return written

    def _write_remaining(self, values: list[JsonObject], rewriter: EventRewriter) -> bytes:
        """Return what remains of an event in which a choice ended; and the end of the stream if it was the last."""
        written = b"".join([self._create_event(new) for value in values for new in rewriter.feed(value)])
        if self._ending is None or not self._ending.is_finished:
            return written
        written += self._flush_text(rewriter)
        self.is_finished = True
        return written + (b"data: %b\n\n" % _DONE if self._endpoint in _ENDPOINTS_WITH_DONE else b"")

    def _create_event(self, value: JsonObject) -> bytes:
        """Return an event that the server did not send."""
        has_names = self._endpoint not in _ENDPOINTS_WITH_DONE
        return _create_named_event(value) if has_names else b"data: %b\n\n" % dump_json(value)

    def _flush_text(self, rewriter: EventRewriter) -> bytes:
        if self._done:
            return b""
        self._done = True
        self.chunk_cache.clear()
        try:
            return b"".join(map(self._create_event, rewriter.flush()))
        except RecursionError:  # the chunk that it is modelled on is nested too deeply to be written
            return b""

    def _fail(self, fault: Refusal) -> bytes:
        self._failed = True
        self.chunk_cache.clear()
        if self._endpoint == "messages":
            return _create_named_event({"type": "error", **_error_body(fault, self._endpoint)})
        return b"data: %b\n\ndata: %b\n\n" % (dump_json(fault.body()), _DONE)


def _create_template(event: ServerSentEvent, chunk: JsonObject, rewriter: ChatChunkRewriter) -> ChunkTemplate | None:
    """Return the template of a chunk, or None if the next chunk like it must be parsed."""
    template = ChunkTemplate.from_event(event.raw, chunk) if event.is_single_line else None
    return template if template is not None and rewriter.is_open(template.choice, template.channel) else None


def _create_named_event(value: JsonObject) -> bytes:
    """Return an event that the server did not send; Responses and Messages name each event after its type."""
    return b"event: %b\ndata: %b\n\n" % (str(value["type"]).encode(), dump_json(value))
