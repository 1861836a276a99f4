"""Chat completions: rewrites complete answers."""

from __future__ import annotations

import operator

from prompt_policy.wire.answers.chat import (
    CHANNEL_KEYS,
    Channel,
    SupportsGet,
    TextFilter,
    change_text,
    get_text,
    repeats_reasoning,
)
from prompt_policy.wire.answers.content_parts import rewrite_parts
from prompt_policy.wire.answers.deltas import replace_keys
from prompt_policy.wire.answers.offsets import OffsetMap, shift_annotations
from prompt_policy.wire.answers.sequence import ChannelSequence
from prompt_policy.wire.answers.shaping import shape_message
from prompt_policy.wire.reasoning.fields import list_hidden_tokens
from prompt_policy.wire.values import Json, JsonObject


def filter_message(message: SupportsGet, filters: TextFilter, choice: int) -> JsonObject:
    """Return the keys of a complete message that change, with their new values.

    The new value of a key that is removed is ``MISSING``. Content that becomes empty beside tool calls becomes None, as
    OpenAI sends it.
    """
    form = filters.reasoning_form
    changed = _filter_texts(message, filters, choice) if form is None else shape_message(message, filters, form, choice)
    if changed.get("content") == "" and message.get("tool_calls"):
        changed["content"] = None
    return changed


def _filter_texts(message: SupportsGet, filters: TextFilter, choice: int) -> JsonObject:
    if isinstance(parts := message.get("content"), list):
        return _filter_parts(message, parts, filters, choice)
    original: dict[Channel, str] = {}
    for channel, keys in CHANNEL_KEYS.items():
        if (text := get_text(message, keys)) is not None:
            original[channel] = text
    rewritten = filters.rewrite_whole(choice, original)
    changed: JsonObject = {}
    for channel, text in original.items():
        if (after := rewritten[channel]) == text or (channel == "reasoning" and repeats_reasoning(message)):
            continue
        changed |= change_text(message, channel, text, after)
    if (notes := message.get("annotations")) and "content" in changed:
        offsets = OffsetMap()
        offsets.record(original["content"], rewritten["content"])
        if (shifted := shift_annotations(notes, offsets)) is not notes:
            changed["annotations"] = shifted
    return changed


def _filter_parts(message: SupportsGet, parts: list[Json], filters: TextFilter, choice: int) -> JsonObject:
    changed: JsonObject = {}
    sequence = ChannelSequence(filters)
    if text := get_text(message, CHANNEL_KEYS["reasoning"]):
        after = sequence.feed(choice, "reasoning", text).text + sequence.flush(choice, "reasoning")
        if after != text and not repeats_reasoning(message):
            changed = change_text(message, "reasoning", text, after)
    rewritten = rewrite_parts(parts, sequence, choice, ends_text=True)
    return changed if rewritten is parts else {**changed, "content": rewritten}


def rewrite_completion(answer: JsonObject, filters: TextFilter) -> JsonObject:
    """Return a complete chat answer with its texts filtered; the same object if nothing changes."""
    choices = answer.get("choices")
    if not isinstance(choices, list):
        return answer
    rewritten = [_rewrite_choice(choice, filters, index) for index, choice in enumerate(choices)]
    return answer if all(map(operator.is_, rewritten, choices)) else {**answer, "choices": rewritten}


def _rewrite_choice(choice: Json, filters: TextFilter, index: int) -> Json:
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(message, dict):
        return choice
    changed = filter_message(message, filters, index)
    tokens = list_hidden_tokens(choice, changed, filters.reasoning_form)
    return {**choice, **tokens, "message": replace_keys(message, changed)} if changed else choice
