"""The text inside answers: where it stands in whole messages and in deltas, and how it is replaced."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Literal, Protocol

from prompt_policy.wire.values import Json, JsonObject

Channel = Literal["content", "reasoning"]
CHANNELS: Final[tuple[Channel, ...]] = ("reasoning", "content")
# vLLM says reasoning since 0.12, LiteLLM and older servers say reasoning_content; some send both.
KEYS: Final[dict[Channel, tuple[str, ...]]] = {
    "reasoning": ("reasoning", "reasoning_content"),
    "content": ("content",),
}


class Texts(Protocol):
    """What rewrites the texts of one answer, choice by choice, in the order they come."""

    def feed(self, choice: int, channel: Channel, text: str) -> str:
        """Return what the client reads in place of ``text``."""

    def flush(self, choice: int) -> dict[Channel, str]:
        """Return what was held back; call it once, when the answer has ended."""


class AnswerTexts(Texts, Protocol):
    """Texts that know which choices have come so far."""

    @property
    def choices(self) -> tuple[int, ...]: ...


class Getter(Protocol):
    """A message or a delta: a dict, or a host's object with dict access."""

    def get(self, key: str, default: Json = None, /) -> Json: ...


def changed_texts(message: Getter, feed: Callable[[Channel, str], str]) -> dict[str, str]:
    """Return the keys of a message or delta whose text changes, with the new text."""
    changed: dict[str, str] = {}
    for channel, keys in KEYS.items():
        before: str | None = None
        for key in keys:
            text = message.get(key)
            if isinstance(text, str) and not before:
                before = text
        if before is None:
            continue
        after = feed(channel, before)
        if after != before:
            changed.update({key: after for key in keys if message.get(key) == before})
    return changed


def changed_message(message: Getter, texts: Texts, choice: int) -> dict[str, str | None]:
    """Return the keys of a whole message whose text changes, with the new text.

    Content of which nothing is left beside tool calls becomes None, as OpenAI sends it.
    """
    read: dict[Channel, str] = {}

    def feed(channel: Channel, text: str) -> str:
        read[channel] = texts.feed(choice, channel, text)
        return text

    changed_texts(message, feed)
    for channel, tail in texts.flush(choice).items():
        read[channel] = read.get(channel, "") + tail
    changed: dict[str, str | None] = {}
    changed.update(changed_texts(message, lambda channel, _: read[channel]))
    if changed.get("content") == "" and message.get("tool_calls"):
        changed["content"] = None
    return changed


def rewrite_whole(answer: JsonObject, texts: Texts) -> JsonObject:
    """Return a whole chat answer with the texts that the client is to read; itself if none changed."""
    choices = answer.get("choices")
    if not isinstance(choices, list):
        return answer
    rewritten = [_whole_choice(choice, texts, place) for place, choice in enumerate(choices)]
    return answer if _same(rewritten, choices) else {**answer, "choices": rewritten}


def rewrite_chunk(chunk: JsonObject, texts: Texts) -> JsonObject | None:
    """Return a chat chunk with the texts that the client is to read; itself if none changed.

    None: every text in it is held back and nothing else is in it.
    """
    choices = chunk.get("choices")
    if not isinstance(choices, list) or not choices:
        return chunk
    rewritten = [_chunk_choice(choice, texts) for choice in choices]
    if _same(rewritten, choices):
        return chunk
    left = [choice for choice in rewritten if choice is not None]
    return {**chunk, "choices": left} if left or chunk.get("usage") else None


def tail_chunks(last: JsonObject, texts: Texts, choices: Iterable[int]) -> Iterator[JsonObject]:
    """Yield a chunk, shaped like the last one, for each choice that had text held back to the end."""
    for index in choices:
        delta = {KEYS[channel][0]: text for channel, text in texts.flush(index).items() if text}
        if delta:
            choice = {"index": index, "delta": delta, "finish_reason": None}
            yield {**{key: value for key, value in last.items() if key != "usage"}, "choices": [choice]}


class ChatStream:
    """Rewrites the chunks of one answer. What was held back comes after the last one."""

    def __init__(self, texts: AnswerTexts) -> None:
        self._texts = texts
        self._last: JsonObject | None = None

    def rewrite(self, chunk: JsonObject) -> list[JsonObject]:
        """Return what the client reads in place of a chunk; the very object where it stays as it is."""
        if not chunk.get("choices"):
            return [chunk]
        self._last = chunk
        rewritten = rewrite_chunk(chunk, self._texts)
        return [] if rewritten is None else [rewritten]

    def end(self) -> list[JsonObject]:
        """Return what is left when the stream has ended."""
        return [*tail_chunks(self._last, self._texts, self._texts.choices)] if self._last is not None else []


def is_bare(delta: Getter, changed: dict[str, str]) -> bool:
    """Tell whether a changed delta holds no text and nothing else that a client would read."""
    if any(changed.values()):
        return False
    kept = ("role", "tool_calls", "function_call", "refusal", "audio")
    others = (key for keys in KEYS.values() for key in keys if key not in changed)
    return not any(delta.get(key) for key in (*kept, *others))


def _whole_choice(choice: Json, texts: Texts, place: int) -> Json:
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(message, dict):
        return choice
    changed = changed_message(message, texts, place)
    return {**choice, "message": {**message, **changed}} if changed else choice


def _chunk_choice(choice: Json, texts: Texts) -> Json | None:
    delta = choice.get("delta") if isinstance(choice, dict) else None
    if not isinstance(delta, dict):
        return choice
    index = index_of(choice)
    changed = changed_texts(delta, lambda channel, text: texts.feed(index, channel, text))
    if not changed:
        return choice
    if is_bare(delta, changed) and choice.get("finish_reason") is None:
        return None
    return {**choice, "delta": {**delta, **changed}}


def index_of(choice: Getter) -> int:
    """Return which choice of an answer a chunk speaks of; what is no number is the first."""
    index = choice.get("index")
    return index if isinstance(index, int) else 0


def _same(new: list[Json], old: list[Json]) -> bool:
    return all(map(operator.is_, new, old))
