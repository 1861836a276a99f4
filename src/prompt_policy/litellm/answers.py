"""LiteLLM's answer objects: copied where their text changes, handed on as they are where it does not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping

from prompt_policy.errors import Refusal
from prompt_policy.litellm.foreign import Foreign
from prompt_policy.litellm.refusal import PolicyFailed
from prompt_policy.runtime import AnswerTexts
from prompt_policy.wire.answer import changed_message, changed_texts, index_of, is_bare


def rewritten_answer(response: Foreign, texts: AnswerTexts) -> Foreign:
    """Return a whole answer with the texts that the client is to read; itself if none changed."""
    choices = getattr(response, "choices", None)
    if not isinstance(choices, list):
        return response
    rewritten = [_whole_choice(choice, texts, place) for place, choice in enumerate(choices)]
    return response if _same(rewritten, choices) else _with(response, {"choices": rewritten})


async def rewritten_stream(chunks: AsyncIterator[Foreign], texts: AnswerTexts) -> AsyncIterator[Foreign]:
    """Yield a stream with the texts that the client is to read. What was held back comes after the last chunk."""
    last: Foreign = None
    try:
        async for chunk in chunks:
            if getattr(chunk, "choices", None):
                last = chunk if hasattr(chunk.choices[0], "delta") else last
                chunk = _chunk(chunk, texts)  # noqa: PLW2901 - the chunk that goes on
            if chunk is not None:
                yield chunk
        for tail in _tails(last, texts):
            yield tail
    except Refusal as fault:
        raise PolicyFailed(fault) from fault


def _whole_choice(choice: Foreign, texts: AnswerTexts, place: int) -> Foreign:
    message = getattr(choice, "message", None)
    if message is None:
        return choice
    changed = changed_message(message, texts, place)
    if not changed:
        return choice
    copied = _with(message, changed)
    # LiteLLM repeats the backend's field here, and sends it to the client.
    fields = getattr(message, "provider_specific_fields", None)
    if isinstance(fields, dict) and (repeated := {k: v for k, v in _renamed(changed).items() if k in fields}):
        copied.provider_specific_fields = {**fields, **repeated}
    return _with(choice, {"message": copied})


def _renamed(changed: Mapping[str, str | None]) -> dict[str, str | None]:
    return {
        name: changed["reasoning_content"]
        for name in ("reasoning", "reasoning_content")
        if "reasoning_content" in changed
    }


def _chunk(chunk: Foreign, texts: AnswerTexts) -> Foreign | None:
    rewritten = [_chunk_choice(choice, texts) for choice in chunk.choices]
    if _same(rewritten, chunk.choices):
        return chunk
    left = [choice for choice in rewritten if choice is not None]
    return _with(chunk, {"choices": left}) if left or getattr(chunk, "usage", None) else None


def _chunk_choice(choice: Foreign, texts: AnswerTexts) -> Foreign | None:
    delta = getattr(choice, "delta", None)
    if delta is None:
        return choice
    changed = changed_texts(delta, lambda channel, text: texts.feed(index_of(choice), channel, text))
    if not changed:
        return choice
    if is_bare(delta, changed) and choice.finish_reason is None:
        return None
    return _with(choice, {"delta": _with(delta, changed)})


def _tails(last: Foreign, texts: AnswerTexts) -> Iterator[Foreign]:
    """Yield a chunk, shaped like the last one, for each choice that had text held back to the end."""
    names = {"content": "content", "reasoning": "reasoning_content"}
    for index in texts.choices:
        held = {names[channel]: text for channel, text in texts.flush(index).items() if text}
        if held:
            shape = last.choices[0]
            delta = _with(type(shape.delta)(), held)
            choice = _with(shape, {"index": index, "delta": delta, "finish_reason": None})
            tail = _with(last, {"choices": [choice]})
            if getattr(tail, "usage", None) is not None:
                tail.usage = None
            yield tail


def _with(item: Foreign, changes: Mapping[str, Foreign]) -> Foreign:
    """Return a shallow copy of one of LiteLLM's objects with some attributes changed."""
    copied = item.model_copy()
    for name, value in changes.items():
        setattr(copied, name, value)
    return copied


def _same(new: list[Foreign], old: list[Foreign]) -> bool:
    return all(a is b for a, b in zip(new, old, strict=True))
