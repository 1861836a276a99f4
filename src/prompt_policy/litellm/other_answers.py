"""The answers that LiteLLM holds in other forms: objects for Responses, plain mappings and bytes for Messages."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable

from pydantic import ValidationError

from prompt_policy.errors import Refusal
from prompt_policy.litellm.answers import ChunkStream, rewritten_answer
from prompt_policy.litellm.foreign import Foreign
from prompt_policy.litellm.refusal import PolicyFailed
from prompt_policy.runtime import AnswerTexts
from prompt_policy.runtime.replies import AnswerStream
from prompt_policy.wire import JsonObject
from prompt_policy.wire.messages_answer import rewrite_message
from prompt_policy.wire.responses_answer import ResponsesStream, rewrite_response


def rewritten_whole(response: Foreign, texts: AnswerTexts) -> Foreign:
    """Return a whole answer of any endpoint with the texts that the client is to read; itself if none changed."""
    if isinstance(response, dict):
        return rewrite_message(response, texts)
    if not hasattr(response, "output"):
        return rewritten_answer(response, texts)
    dumped = response.model_dump()
    changed = rewrite_response(dumped, texts)
    if changed is dumped:
        return response
    copied = response.model_copy()
    copied.output = type(response).model_validate(changed).output
    return copied


async def rewritten_chunks(items: AsyncIterator[Foreign], texts: AnswerTexts) -> AsyncGenerator[Foreign, None]:
    """Yield a stream of any endpoint with the texts that the client is to read; its first item tells which it is."""
    stream: ChunkStream | _FrameStream | _EventStream | None = None
    try:
        async for item in items:
            if stream is None:
                stream = _stream_of(item, texts)
            for rewritten in stream.rewrite(item):
                yield rewritten
        for rewritten in stream.end() if stream is not None else ():
            yield rewritten
    except Refusal as fault:
        raise PolicyFailed(fault) from fault


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
        dumped = event.model_dump(mode="json") if hasattr(event, "model_dump") else None
        if dumped is None:
            return (event,)
        self._classes[dumped["type"]] = type(event)
        values = self._stream.rewrite(dumped)
        return [event if value is dumped else _made(self._classes[value["type"]], value) for value in values]

    def end(self) -> Iterable[Foreign]:
        return self._stream.end()


def _made(kind: Foreign, value: JsonObject) -> Foreign:
    """Return an event; one that LiteLLM's own models refuse is made as LiteLLM makes it, without asking them."""
    try:
        return kind.model_validate(value)
    except ValidationError:
        return kind.model_construct(**value)
