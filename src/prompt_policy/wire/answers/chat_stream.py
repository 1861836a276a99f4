"""Chat completions: rewrites the chunks of a streamed answer."""

from __future__ import annotations

import operator
from collections.abc import Iterable

from prompt_policy.wire.answers.chat import AnswerFilter, Channel
from prompt_policy.wire.answers.deltas import (
    choice_index,
    find_tokens,
    holds_only_choices,
    is_droppable,
    replace_keys,
    select_identity,
)
from prompt_policy.wire.answers.offsets import OffsetRecorder
from prompt_policy.wire.answers.shaping import create_delta_rewriter
from prompt_policy.wire.values import Json, JsonObject


class ChatChunkRewriter:
    """Rewrites the chunks of one answer.

    Buffered text precedes what ends it, in a chunk of its own if need be. A chunk is dropped only if nothing is left
    in it.
    """

    def __init__(self, filters: AnswerFilter) -> None:
        self._deltas = create_delta_rewriter(filters)
        self._last: JsonObject = {}

    def feed(self, chunk: JsonObject, /) -> list[JsonObject]:
        """Return the chunks that the client receives in place of one; the same object if nothing changes."""
        choices = chunk.get("choices")
        if not isinstance(choices, list) or not choices:
            return [*self.flush(), chunk] if chunk.get("usage") else [chunk]
        self._last = chunk
        if chunk.get("usage") and all(map(self._follows_finish, choices)):
            return [*self.flush(), chunk]
        added: list[JsonObject] = []
        rewritten = [self._rewrite_choice(choice, added) for choice in choices]
        if all(map(operator.is_, rewritten, choices)):
            return [*added, chunk]
        kept = [choice for choice in rewritten if choice is not None]
        if kept or not holds_only_choices(chunk):
            emptied = [_empty_choice(old) if new is None else new for new, old in zip(rewritten, choices, strict=True)]
            added.append({**chunk, "choices": kept or emptied})
        return added

    def flush(self) -> list[JsonObject]:
        """Return chunks with the buffered text of each choice."""
        return [
            chunk for index in self._deltas.choices for chunk in self._build_chunks(index, self._deltas.flush(index))
        ]

    def is_open(self, choice: int, channel: Channel) -> bool:
        """Return whether a chunk with text of this channel, and no other text, depends on the filters alone."""
        return self._deltas.is_open(choice, channel)

    def get_offsets(self, choice: int) -> OffsetRecorder:
        """Return the recorder of a choice's content, for content that is rewritten without this object."""
        return self._deltas.get_offsets(choice)

    def _follows_finish(self, choice: Json) -> bool:
        if not isinstance(choice, dict):
            return False
        delta = choice.get("delta")
        return self._deltas.follows_finish(choice, delta if isinstance(delta, dict) else None)

    def _rewrite_choice(self, choice: Json, added: list[JsonObject]) -> Json | None:
        """Return a choice with its texts filtered, or None if nothing is left; add the chunks that precede it."""
        delta = choice.get("delta") if isinstance(choice, dict) else None
        if not isinstance(delta, dict):
            return choice
        index, finishes = choice_index(choice), choice.get("finish_reason") is not None
        plan = self._deltas.plan(index, delta, finishes)
        added += self._build_chunks(index, plan.before)
        if self._deltas.hides_tokens(index) and (tokens := find_tokens(choice)):
            choice = {**choice, **dict.fromkeys(tokens)}
        if not plan.changed:
            return choice
        if is_droppable(choice, delta, plan.changed):
            return None
        return {**choice, "delta": replace_keys(delta, plan.changed)}

    def _build_chunks(self, index: int, deltas: Iterable[JsonObject]) -> list[JsonObject]:
        identity = select_identity(self._last)
        return [{**identity, "choices": [{"index": index, "delta": delta, "finish_reason": None}]} for delta in deltas]


def _empty_choice(choice: JsonObject) -> JsonObject:
    delta = {
        key: "" if value else value for key, value in choice["delta"].items() if isinstance(value, str) or not value
    }
    return {**choice, **dict.fromkeys(find_tokens(choice)), "delta": delta}
