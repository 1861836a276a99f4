"""Rewrites LiteLLM's objects for chat answers: copies those whose text changes, and passes the others unchanged.

The steps mirror ``wire.answers.chat``, whose functions decide how a text changes. Reading and copying differ, because
LiteLLM's objects are pydantic models whose attribute access is slow.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from prompt_policy.runtime import AnswerFilters
from prompt_policy.wire import JsonObject
from prompt_policy.wire.answers.chat import CHANNEL_KEYS, COPIES_OF_REASONING
from prompt_policy.wire.answers.chat_message import filter_message
from prompt_policy.wire.answers.deltas import (
    choice_index,
    find_tokens,
    holds_only_choices,
    is_droppable,
    select_identity,
)
from prompt_policy.wire.answers.shaping import create_delta_rewriter
from prompt_policy.wire.reasoning.fields import list_hidden_tokens
from prompt_policy.wire.values import MISSING

_REASONING_KEYS: Final = frozenset(CHANNEL_KEYS["reasoning"])
_OPTIONAL_KEYS: Final = _REASONING_KEYS.union(COPIES_OF_REASONING)
"""The fields that LiteLLM's objects lack if there is no reasoning; the other fields are None if they are empty."""


def rewrite_model_response(response: Any, texts: AnswerFilters) -> Any:
    """Return a whole answer with its texts filtered; the same object if no text changed."""
    choices = getattr(response, "choices", None)
    if not isinstance(choices, list):
        return response
    rewritten = [_rewrite_choice(choice, texts, index) for index, choice in enumerate(choices)]
    return response if _are_identical(rewritten, choices) else copy_with(response, {"choices": rewritten})


class LiteLLMChunkRewriter:
    """Rewrites the chunks of one streamed answer."""

    def __init__(self, texts: AnswerFilters) -> None:
        self._texts = texts
        self._deltas = create_delta_rewriter(texts)
        self._last: Any = None

    def feed(self, chunk: Any) -> Iterable[Any]:
        """Return the chunks that the client receives in place of one; the same object if its text stays."""
        choices = getattr(chunk, "choices", None)
        if not choices:
            return (*self.flush(), chunk) if getattr(chunk, "usage", None) else (chunk,)
        if len(choices) == 1 and self._passes(chunk, choices[0]):  # the usual case
            return (chunk,)
        if getattr(chunk, "usage", None) and all(map(self._follows_finish, choices)):
            return (*self.flush(), chunk)
        added: list[Any] = []
        rewritten = [self._rewrite_choice(choice, chunk, added) for choice in choices]
        if _are_identical(rewritten, choices):
            return (*added, chunk)
        kept = [choice for choice in rewritten if choice is not None]
        if kept or not holds_only_choices(read_fields(chunk)):
            added.append(copy_with(chunk, {"choices": kept or [_empty_choice(choice) for choice in choices]}))
        return added

    def _passes(self, chunk: Any, choice: Any) -> bool:
        """Return whether the only choice of a chunk has text within a line that no filter would change."""
        fields = read_fields(choice)
        if (delta := fields.get("delta")) is None or fields.get("finish_reason") is not None:
            return False
        delta_fields = read_fields(delta)
        if not _is_within_line(delta_fields):
            return False
        self._last = chunk
        index = choice_index(fields)
        if not self._deltas.is_open(index, "content") or not self._texts.can_pass_through(index, "content"):
            return False
        self._deltas.get_offsets(index).advance(len(delta_fields["content"]))
        return True

    def _follows_finish(self, choice: Any) -> bool:
        fields = read_fields(choice)
        delta = fields.get("delta")
        return self._deltas.follows_finish(fields, None if delta is None else read_fields(delta))

    def flush(self) -> Iterable[Any]:
        """Return the chunks with the buffered text; call it once, at the end of the stream."""
        return [
            chunk for index in self._deltas.choices for chunk in self._build_chunks(index, self._deltas.flush(index))
        ]

    def _rewrite_choice(self, choice: Any, chunk: Any, added: list[Any]) -> Any | None:
        """Return a choice with its texts filtered, or None if nothing is left; add the chunks that precede it."""
        fields = read_fields(choice)
        if (delta := fields.get("delta")) is None:
            return choice
        self._last = chunk
        index, delta_fields = choice_index(fields), read_fields(delta)
        plan = self._deltas.plan(index, delta_fields, fields.get("finish_reason") is not None)
        added += self._build_chunks(index, plan.before)
        if self._deltas.hides_tokens(index) and (tokens := find_tokens(fields)):
            fields.update(dict.fromkeys(tokens))
            choice = copy_with(choice, dict.fromkeys(tokens))
        if not plan.changed:
            return choice
        if is_droppable(fields, delta_fields, plan.changed):
            return None
        return copy_with(choice, {"delta": copy_with(delta, plan.changed)})

    def _build_chunks(self, index: int, deltas: Iterable[JsonObject]) -> Iterator[Any]:
        """Yield a chunk, shaped like the last one, for each delta."""
        for delta in deltas:
            template = next(choice for choice in self._last.choices if getattr(choice, "delta", None) is not None)
            new_delta = copy_with(type(template.delta)(), delta)
            choice = type(template)(index=index, delta=new_delta, finish_reason=None)
            emptied = {
                key: None for key in read_fields(self._last) if key not in select_identity(read_fields(self._last))
            }
            yield copy_with(self._last, {**emptied, "choices": [choice]})


def _empty_choice(choice: Any) -> Any:
    """Return a choice with empty texts."""
    changed = {key: _get_empty(value) for key, value in read_fields(choice.delta).items() if value}
    tokens = dict.fromkeys(find_tokens(read_fields(choice)))
    return copy_with(choice, {**tokens, "delta": copy_with(choice.delta, changed)})


def _get_empty(value: Any) -> Any:
    return "" if isinstance(value, str) else MISSING


def _rewrite_choice(choice: Any, texts: AnswerFilters, index: int) -> Any:
    message = getattr(choice, "message", None)
    if message is None:
        return choice
    changed = filter_message(read_fields(message), texts, index)
    if not changed:
        return choice
    tokens = list_hidden_tokens(read_fields(choice), changed, texts.reasoning_form)
    return copy_with(choice, {**tokens, "message": copy_with(message, changed)})


def _is_within_line(delta_fields: JsonObject) -> bool:
    """Return whether a delta has content that neither contains a newline nor ends in whitespace, and neither
    reasoning nor annotations."""
    text = delta_fields.get("content")
    if not isinstance(text, str) or not text or "\n" in text or text[-1].isspace():
        return False
    return _REASONING_KEYS.isdisjoint(delta_fields) and not delta_fields.get("annotations")


def read_fields(item: Any) -> JsonObject:
    """Return the fields of one of LiteLLM's objects, read from its dictionaries because attribute access is slow."""
    extra = getattr(item, "__pydantic_extra__", None)
    return {**getattr(item, "__dict__", {}), **(extra or {})}


def copy_with(item: Any, changes: Mapping[str, Any]) -> Any:
    """Return a shallow copy of one of LiteLLM's objects with some fields changed."""
    copied = item.model_copy()
    for name, value in changes.items():
        # For an existing field this skips the validation with which pydantic slows an assignment down.
        fields = next((values for values in (copied.__dict__, copied.__pydantic_extra__ or {}) if name in values), None)
        if fields is None:
            if value is not MISSING:
                setattr(copied, name, value)
        elif value is MISSING and name in _OPTIONAL_KEYS:
            del fields[name]
            copied.__pydantic_fields_set__.discard(name)
        elif value is MISSING:
            fields[name] = None
        else:
            fields[name] = value
            copied.__pydantic_fields_set__.add(name)
    return copied


def _are_identical(new: list[Any], old: list[Any]) -> bool:
    return all(map(operator.is_, new, old))
