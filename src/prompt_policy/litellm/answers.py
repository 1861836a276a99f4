"""LiteLLM's answer objects: copied where their text changes, handed on as they are where it does not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from prompt_policy.litellm.foreign import Foreign
from prompt_policy.runtime import AnswerTexts
from prompt_policy.wire import JsonObject
from prompt_policy.wire.answer import changed_message, changed_texts, index_of, is_bare


def rewritten_answer(response: Foreign, texts: AnswerTexts) -> Foreign:
    """Return a whole answer with the texts that the client is to read; itself if none changed."""
    choices = getattr(response, "choices", None)
    if not isinstance(choices, list):
        return response
    rewritten = [_whole_choice(choice, texts, place) for place, choice in enumerate(choices)]
    return response if _same(rewritten, choices) else _with(response, {"choices": rewritten})


class ChunkStream:
    """Rewrites the chunks of one answer. What was held back comes after the last one."""

    def __init__(self, texts: AnswerTexts) -> None:
        self._texts = texts
        self._last: Foreign = None

    def rewrite(self, chunk: Foreign) -> Iterable[Foreign]:
        """Return what the client reads in place of a chunk; the very object where it stays as it is."""
        choices = getattr(chunk, "choices", None)
        if not choices:
            return (chunk,)
        if any(getattr(choice, "delta", None) is not None for choice in choices):
            self._last = chunk
        rewritten = _chunk(chunk, self._texts)
        return () if rewritten is None else (rewritten,)

    def end(self) -> Iterable[Foreign]:
        """Return what is left when the stream has ended."""
        return _tails(self._last, self._texts)


def _whole_choice(choice: Foreign, texts: AnswerTexts, place: int) -> Foreign:
    message = getattr(choice, "message", None)
    if message is None:
        return choice
    changed = changed_message(_keys(message), texts, place)
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
    keys, index = _keys(delta), index_of(choice)
    changed = changed_texts(keys, lambda channel, text: texts.feed(index, channel, text))
    if not changed:
        return choice
    if is_bare(keys, changed) and choice.finish_reason is None:
        return None
    return _with(choice, {"delta": _with(delta, changed)})


def _tails(last: Foreign, texts: AnswerTexts) -> Iterator[Foreign]:
    """Yield a chunk, shaped like the last one, for each choice that had text held back to the end."""
    names = {"content": "content", "reasoning": "reasoning_content"}
    for index in texts.choices:
        held = {names[channel]: text for channel, text in texts.flush(index).items() if text}
        if held:
            shape = next(choice for choice in last.choices if getattr(choice, "delta", None) is not None)
            delta = _with(type(shape.delta)(), held)
            choice = _with(shape, {"index": index, "delta": delta, "finish_reason": None})
            tail = _with(last, {"choices": [choice]})
            if getattr(tail, "usage", None) is not None:
                tail.usage = None
            yield tail


def _keys(item: Foreign) -> JsonObject:
    """Return the values of one of LiteLLM's objects by name; asked for one that is not there, it takes microseconds."""
    return {**item.__dict__, **(item.__pydantic_extra__ or {})}


def _with(item: Foreign, changes: Mapping[str, Foreign]) -> Foreign:
    """Return a shallow copy of one of LiteLLM's objects with some attributes changed."""
    copied = item.model_copy()
    for name, value in changes.items():
        # A name that is there already needs none of what pydantic does on an assignment.
        own = next((values for values in (copied.__dict__, copied.__pydantic_extra__ or {}) if name in values), None)
        if own is None:
            setattr(copied, name, value)
        else:
            own[name] = value
            copied.__pydantic_fields_set__.add(name)
    return copied


def _same(new: list[Foreign], old: list[Foreign]) -> bool:
    return all(a is b for a, b in zip(new, old, strict=True))
