"""The answers that LiteLLM holds in other forms: objects for Responses, plain mappings and bytes for Messages."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from typing import Literal, TypeAlias

from pydantic import ValidationError

from prompt_policy.errors import Refusal
from prompt_policy.litellm.answers import ChunkStream, rewritten_answer
from prompt_policy.litellm.foreign import Foreign
from prompt_policy.litellm.refusal import PolicyFailed
from prompt_policy.runtime import AnswerTexts, Applied
from prompt_policy.runtime.replies import AnswerStream
from prompt_policy.wire import JsonObject
from prompt_policy.wire.messages_answer import rewrite_message
from prompt_policy.wire.responses_answer import ResponsesStream, rewrite_response

Attempt: TypeAlias = Callable[[], Applied | None]


def rewritten_whole(response: Foreign, texts: AnswerTexts) -> Foreign:
    """Return a whole answer of any endpoint with the texts that the client is to read; itself if none changed."""
    if isinstance(response, dict):
        return rewrite_message(response, texts)
    if not hasattr(response, "output"):
        return rewritten_answer(response, texts)
    dumped = _dumped(response, "python")
    if dumped is None or (changed := rewrite_response(dumped, texts)) is dumped:
        return response
    copied = response.model_copy()
    copied.output = _made(type(response), changed).output
    return copied


async def policed_chunks(items: AsyncIterator[Foreign], attempt: Attempt) -> AsyncGenerator[Foreign, None]:
    """Yield a stream of any endpoint with the texts that the client is to read.

    ``attempt`` tells what was applied to the request that is being answered: a deployment that fails before it has
    said anything is followed by another one, with a policy of its own, within the same stream.
    """
    stream = _Attempts(attempt)
    broken: Exception | None = None
    try:
        try:
            async for item in items:
                for rewritten in stream.rewrite(item):
                    yield rewritten
        except Refusal:
            raise
        except Exception as error:  # noqa: BLE001 - the provider's, raised again behind what had been said before it
            broken = error
        for rewritten in stream.end():
            yield rewritten
    except Refusal as fault:
        raise PolicyFailed(fault) from fault
    if broken is not None:
        raise broken


class _Attempts:
    """Rewrites the items of a stream, each by the policy of the attempt that it comes from."""

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        self._applied: Applied | None = None
        self._stream: ChunkStream | _FrameStream | _EventStream | None = None

    def rewrite(self, item: Foreign) -> Iterable[Foreign]:
        if (applied := self._attempt()) is not self._applied:
            return [*self._begin(item, applied), *self.rewrite(item)]
        return (item,) if self._stream is None else self._stream.rewrite(item)

    def _begin(self, first: Foreign, applied: Applied | None) -> Iterable[Foreign]:
        """Take up another attempt, and return what is left of the one before it."""
        left = self.end()
        texts = applied.answer() if applied else None
        self._applied, self._stream = applied, None if texts is None else _stream_of(first, texts)
        return left

    def end(self) -> Iterable[Foreign]:
        return () if self._stream is None else self._stream.end()


def _stream_of(first: Foreign, texts: AnswerTexts) -> ChunkStream | _FrameStream | _EventStream:
    if isinstance(first, bytes | str):
        return _FrameStream(texts)
    return ChunkStream(texts) if hasattr(first, "choices") else _EventStream(texts)


class _FrameStream:
    """Rewrites the bytes of Messages."""

    def __init__(self, texts: AnswerTexts) -> None:
        self._stream = AnswerStream(texts, "messages")

    def rewrite(self, frame: Foreign) -> Iterable[Foreign]:
        if not isinstance(frame, bytes | str):
            return (frame,)
        rewritten = self._stream.feed(frame.encode() if isinstance(frame, str) else frame)
        return (rewritten,) if rewritten else ()

    def end(self) -> Iterable[bytes]:
        rest = self._stream.end()
        return (rest,) if rest else ()


class _EventStream:
    """Rewrites the events of Responses."""

    def __init__(self, texts: AnswerTexts) -> None:
        self._stream = ResponsesStream(texts)
        self._classes: dict[str, Foreign] = {}

    def rewrite(self, event: Foreign) -> Iterable[Foreign]:
        dumped = _dumped(event, "json")
        if dumped is None:
            return (event,)
        if isinstance(name := dumped.get("type"), str):
            self._classes[name] = type(event)
        rewritten = []
        for value in self._stream.rewrite(dumped):
            kind = type(event) if value.get("type") == name else self._classes[value["type"]]
            rewritten.append(event if value is dumped else _made(kind, value))
        return rewritten

    def end(self) -> Iterable[Foreign]:
        return self._stream.end()


def _dumped(item: Foreign, mode: Literal["python", "json"]) -> JsonObject | None:
    """Return an object as a mapping; None where it is none of LiteLLM's or cannot be written, and passes as it came."""
    if not hasattr(item, "model_dump"):
        return None
    try:
        dumped: JsonObject = item.model_dump(mode=mode, warnings=False)
    except (ValueError, RecursionError):  # half a surrogate pair, nested too deeply, or a type that is a list
        return None
    return dumped


def _made(kind: Foreign, value: JsonObject) -> Foreign:
    """Return one of LiteLLM's objects; what its own models refuse is made as LiteLLM makes it, without asking them."""
    try:
        return kind.model_validate(value)
    except ValidationError:
        return kind.model_construct(**value)
