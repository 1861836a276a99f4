"""Ends streams of chat and text completions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, TypeAlias

from prompt_policy.wire.answers.chat import CHANNEL_KEYS, CHANNELS, Channel, get_text
from prompt_policy.wire.answers.deltas import choice_index
from prompt_policy.wire.endings.guard import CheckedText, TextGuard
from prompt_policy.wire.values import Json, JsonObject

CheckText: TypeAlias = Callable[[Channel, str], int | None]
"""Return after how many characters of a channel's text the choice ends, or None if it continues."""
_CHUNK_KEYS: Final = ("id", "object", "created", "model", "system_fingerprint", "service_tier")


class ChatEnding:
    """Ends choices of one streamed answer, each with ``finish_reason: stop``.

    The answer is finished when all its choices have ended, by the guard or by the server.

    Arguments:
        guard: decides when each choice ends.
        choices: the number of choices that the answer will have.
    """

    def __init__(self, guard: TextGuard, choices: int = 1) -> None:
        self._texts = CheckedText(guard)
        self._expected = choices
        self._ended: set[int] = set()
        self._finished: set[int] = set()  # by the server
        self.is_finished = False

    def can_pass(self, choice: int, channel: Channel, text: str) -> bool:
        """Return whether a chunk passes whose only content is a text; if not, feed that chunk next."""
        return choice not in self._ended and self._texts.can_pass(choice, channel, text)

    def feed(self, chunk: JsonObject, /) -> list[JsonObject]:
        """Return the chunks in place of one; only the same object if it passes, none once the answer has ended."""
        choices = chunk.get("choices")
        if self.is_finished:
            return []
        if not isinstance(choices, list) or not choices:
            return [chunk]
        ending: list[int] = []
        kept = [kept for choice in choices for kept in self._feed_choice(choice, ending)]
        if not self._ended:
            return [chunk]
        self.is_finished = len(self._ended | self._finished) >= self._expected
        changed = [{**chunk, "choices": kept}] if kept else []
        return [*changed, *(_build_last_chunk(chunk, index) for index in ending)]

    def _feed_choice(self, choice: Json, ending: list[int]) -> Iterator[Json]:
        """Yield what is left of a choice, if anything; add its index to ``ending`` if the guard ends it."""
        if not isinstance(choice, dict):
            yield choice
            return
        index = choice_index(choice)
        if index not in self._ended:
            cut = self._cut(index, choice)
            if cut is not None:
                self._ended.add(index)
                ending.append(index)
                yield cut
            else:
                if choice.get("finish_reason") is not None:
                    self._finished.add(index)
                yield choice

    def _cut(self, index: int, choice: JsonObject) -> JsonObject | None:
        """Return a choice with the text before its end and nothing after it, or None if the choice continues."""
        check, delta = partial(self._texts.check, index), choice.get("delta")
        if not isinstance(delta, dict):
            cut = _cut_text(choice.get("text"), "content", check)
            return None if cut is None else {"index": index, "text": cut, "finish_reason": None}
        kept: JsonObject = {"role": delta["role"]} if "role" in delta else {}
        has_ended = any(_keep_text(delta, channel, check, kept) for channel in CHANNELS)
        return {"index": index, "delta": kept, "finish_reason": None} if has_ended else None


def _keep_text(delta: JsonObject, channel: Channel, check: CheckText, kept: JsonObject) -> bool:
    """Copy the text of a channel to ``kept``, up to its end; return whether it ended."""
    keys = CHANNEL_KEYS[channel]
    if isinstance(parts := delta.get(keys[0]), list):
        kept[keys[0]], has_ended = _keep_parts(parts, channel, check)
        return has_ended
    text = get_text(delta, keys)
    cut = _cut_text(text, channel, check) if text else None
    kept.update({key: text if cut is None else cut for key in keys if text and delta.get(key) == text})
    return cut is not None


def _keep_parts(parts: list[Json], channel: Channel, check: CheckText) -> tuple[list[Json], bool]:
    """Return the parts up to the end of their text, and whether it ended; Mistral's API sends content in parts."""
    kept: list[Json] = []
    for part in parts:
        for key, inner in part.items() if isinstance(part, dict) else ():
            of_channel: Channel = "reasoning" if key == "thinking" else channel
            if key in ("text", "thinking") and (cut := _cut_text(inner, of_channel, check)) is not None:
                return [*kept, {**part, key: cut}], True
        kept.append(part)
    return kept, False


def _cut_text(inner: Json, channel: Channel, check: CheckText) -> Json | None:
    """Return a text, or a list of parts, up to its end; None if it does not end."""
    if isinstance(inner, list):
        kept, has_ended = _keep_parts(inner, channel, check)
        return kept if has_ended else None
    end = check(channel, inner) if isinstance(inner, str) else None
    return None if end is None else inner[:end]


def _build_last_chunk(chunk: JsonObject, index: int) -> JsonObject:
    """Return the chunk that ends a choice, in the form of the server's chunks."""
    form: JsonObject = {"text": ""} if chunk.get("object") == "text_completion" else {"delta": {}}
    choice = {"index": index, **form, "logprobs": None, "finish_reason": "stop"}
    return {**{key: chunk[key] for key in _CHUNK_KEYS if key in chunk}, "choices": [choice]}


def count_choices(body: JsonObject) -> int:
    """Return the number of choices that the answer to a request will have: ``n`` for each prompt."""
    number, prompt = body.get("n"), body.get("prompt")
    prompts = len(prompt) if isinstance(prompt, list) and not all(isinstance(token, int) for token in prompt) else 1
    return prompts * (number if isinstance(number, int) and number > 0 else 1)
