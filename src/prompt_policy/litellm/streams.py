"""Rewrites LiteLLM's answers of all endpoints: objects of chat and Responses, mappings and bytes of Messages."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from typing import Any, Literal, TypeAlias

from litellm.types.llms.openai import GenericEvent
from pydantic import ValidationError

from prompt_policy.errors import Refusal
from prompt_policy.litellm.answers import LiteLLMChunkRewriter, rewrite_model_response
from prompt_policy.litellm.endings import LiteLLMChunkEnding, close_stream
from prompt_policy.litellm.state import RequestState
from prompt_policy.runtime import AnswerFilters, AppliedPolicy
from prompt_policy.runtime.filter_chain import create_empty_filters
from prompt_policy.runtime.response_rewriter import SSERewriter
from prompt_policy.runtime.telemetry import report_end
from prompt_policy.wire import Endpoint, JsonObject
from prompt_policy.wire.answers.messages import rewrite_message
from prompt_policy.wire.answers.responses import ResponsesRewriter, rewrite_response
from prompt_policy.wire.endings import StreamEnding


def rewrite_litellm_answer(response: Any, texts: AnswerFilters) -> Any:
    """Return a whole answer of any endpoint with its texts filtered; the same object if no text changed."""
    if isinstance(response, dict):
        return rewrite_message(response, texts)
    if not hasattr(response, "output"):
        return rewrite_model_response(response, texts)
    dumped = _dump(response, "python")
    if dumped is None or (changed := rewrite_response(dumped, texts)) is dumped:
        return response
    copied = response.model_copy()
    copied.output = _construct(type(response), changed).output
    return copied


async def rewrite_stream(
    items: AsyncIterator[Any], state: RequestState, logging_obj: Any = None
) -> AsyncGenerator[Any, None]:
    """Yield the items of a stream of any endpoint with their texts filtered, until a guard ends it.

    ``state.applied`` may change during the stream: if a deployment fails before its first chunk, LiteLLM continues the
    same stream with another deployment, which has a policy of its own. ``logging_obj`` logs a stream that is ended.
    """
    stream = _AttemptSwitch(state)
    provider_error: Exception | None = None
    try:
        try:
            async for item in items:
                for rewritten in stream.feed(item):
                    yield rewritten
                if stream.ending is not None and stream.ending.is_finished:
                    await close_stream(items, logging_obj)
                    break
        except Refusal:
            raise
        except Exception as error:  # noqa: BLE001 - the provider's; raised below, after the buffered text
            provider_error = error
        for rewritten in stream.flush():
            yield rewritten
    except Refusal as error:
        from prompt_policy.litellm.errors.proxy import BrokenStreamError  # needs fastapi; the SDK calls no stream hook

        raise BrokenStreamError(error) from error
    if provider_error is not None:
        raise provider_error


class _AttemptSwitch:
    """Rewrites each item of a stream by the policy of the attempt that sent it."""

    def __init__(self, state: RequestState) -> None:
        self._state = state
        self._applied: AppliedPolicy | None = None
        self._rewriter: _Rewriter | None = None
        self.ending: StreamEnding | None = None
        """Ends the stream of the current attempt if a guard requires it; None: no guard acts on it."""

    def feed(self, item: Any) -> Iterable[Any]:
        if (applied := self._state.applied) is not self._applied:
            return [*self._begin(item, applied), *self.feed(item)]
        return (item,) if self._rewriter is None else self._rewriter.feed(item)

    def _begin(self, first: Any, applied: AppliedPolicy | None) -> Iterable[Any]:
        """Start to rewrite another attempt, and return the buffered items of the previous one."""
        flushed = self.flush()
        self._applied, self._rewriter, self.ending = applied, None, None
        if applied is not None:
            endpoint, texts = _detect_endpoint(first), applied.create_filters()
            self.ending = applied.create_ending(endpoint, report_end)
            if texts is not None or self.ending is not None:
                self._rewriter = _create_rewriter(endpoint, texts or create_empty_filters(), self.ending)
        return flushed

    def flush(self) -> Iterable[Any]:
        return () if self._rewriter is None else self._rewriter.flush()


def _detect_endpoint(first: Any) -> Endpoint:
    """Return the format of a stream by its first item."""
    if isinstance(first, bytes | str):
        return "messages"
    return "chat" if hasattr(first, "choices") else "responses"


def _create_rewriter(endpoint: Endpoint, texts: AnswerFilters, ending: StreamEnding | None) -> _Rewriter:
    if endpoint == "messages":
        return _MessagesBytes(texts, ending)
    if endpoint == "chat":
        return LiteLLMChunkRewriter(texts) if ending is None else _EndableChunks(texts, ending)
    return _ResponsesEvents(texts)


class _EndableChunks:
    """Rewrites a stream of chat chunks, which a guard may end."""

    def __init__(self, texts: AnswerFilters, ending: StreamEnding) -> None:
        self._ending = LiteLLMChunkEnding(ending)
        self._stream = LiteLLMChunkRewriter(texts)

    def feed(self, chunk: Any) -> Iterable[Any]:
        return [new for remaining in self._ending.feed(chunk) for new in self._stream.feed(remaining)]

    def flush(self) -> Iterable[Any]:
        return self._stream.flush()


class _MessagesBytes:
    """Rewrites a stream of Messages, which LiteLLM holds as bytes."""

    def __init__(self, texts: AnswerFilters, ending: StreamEnding | None) -> None:
        self._stream = SSERewriter(texts, "messages", ending)

    def feed(self, piece: Any) -> Iterable[Any]:
        if not isinstance(piece, bytes | str):
            return (piece,)
        rewritten = self._stream.feed(piece.encode() if isinstance(piece, str) else piece)
        return (rewritten,) if rewritten else ()

    def flush(self) -> Iterable[bytes]:
        rest = self._stream.flush()
        return (rest,) if rest else ()


class _ResponsesEvents:
    """Rewrites the events of a Responses stream."""

    def __init__(self, texts: AnswerFilters) -> None:
        self._stream = ResponsesRewriter(texts)
        self._classes: dict[str, Any] = {}

    def feed(self, event: Any) -> Iterable[Any]:
        dumped = _dump(event, "json")
        if dumped is None:
            return (event,)
        if isinstance(name := dumped.get("type"), str):
            self._classes[name] = type(event)
        return [
            event if value is dumped else self._build_event(value, type(event) if value.get("type") == name else None)
            for value in self._stream.feed(dumped)
        ]

    def flush(self) -> Iterable[Any]:
        return [self._build_event(value, None) for value in self._stream.flush()]

    def _build_event(self, value: JsonObject, event_class: Any) -> Any:
        """Return an object for an event; None: of the class of earlier events of its type."""
        return _construct(event_class or self._classes.get(value["type"], GenericEvent), value)


_Rewriter: TypeAlias = LiteLLMChunkRewriter | _EndableChunks | _MessagesBytes | _ResponsesEvents


def _dump(item: Any, mode: Literal["python", "json"]) -> JsonObject | None:
    """Return an object as it is sent, as a mapping; None if it cannot be converted, and so passes unchanged."""
    if not hasattr(item, "model_dump"):
        return None
    try:
        dumped: JsonObject = item.model_dump(mode=mode, by_alias=True, warnings=False)
    except (ValueError, RecursionError):  # a lone surrogate, nested too deeply, or an unhashable ``type``
        return None
    return dumped


def _construct(model: Any, value: JsonObject) -> Any:
    """Return an object of one of LiteLLM's classes; without validation, as LiteLLM itself does, if that fails."""
    try:
        return model.model_validate(value)
    except ValidationError:
        return model.model_construct(**value)
