"""The answers that LiteLLM holds in other forms: objects for Responses, plain mappings and bytes for Messages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Literal

from pydantic import ValidationError

from prompt_policy.errors import Refusal
from prompt_policy.litellm.answers import rewritten_answer, rewritten_stream
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
    dumped = _dumped(response, "python")
    if dumped is None or (changed := rewrite_response(dumped, texts)) is dumped:
        return response
    copied = response.model_copy()
    copied.output = _made(type(response), changed).output
    return copied


async def rewritten_chunks(chunks: AsyncIterator[Foreign], texts: AnswerTexts) -> AsyncIterator[Foreign]:
    """Yield a stream of any endpoint with the texts that the client is to read; its first item tells which it is."""
    async for first in chunks:
        whole = _with_first(first, chunks)
        if isinstance(first, bytes | str):
            rewritten = _messages(whole, texts)
        elif hasattr(first, "choices"):
            rewritten = rewritten_stream(whole, texts)
        else:
            rewritten = _events(whole, texts)
        async for chunk in rewritten:
            yield chunk


async def _with_first(first: Foreign, rest: AsyncIterator[Foreign]) -> AsyncIterator[Foreign]:
    yield first
    async for item in rest:
        yield item


async def _messages(frames: AsyncIterator[Foreign], texts: AnswerTexts) -> AsyncIterator[bytes]:
    stream = AnswerStream(texts, "messages")
    async for frame in frames:
        if changed := stream.feed(frame.encode() if isinstance(frame, str) else frame):
            yield changed
    if rest := stream.end():
        yield rest


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


async def _events(events: AsyncIterator[Foreign], texts: AnswerTexts) -> AsyncIterator[Foreign]:
    stream, classes = ResponsesStream(texts), dict[str, Foreign]()
    try:
        async for event in events:
            dumped = _dumped(event, "json")
            if dumped is None:
                yield event
                continue
            if isinstance(name := dumped.get("type"), str):
                classes[name] = type(event)
            for value in stream.rewrite(dumped):
                kind = type(event) if value.get("type") == name else classes[value["type"]]
                yield event if value is dumped else _made(kind, value)
    except Refusal as fault:
        raise PolicyFailed(fault) from fault
