"""The fields of a chat message that contain reasoning, and how they change if its text moves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from prompt_policy.wire.answers.chat import (
    CHANNEL_KEYS,
    COPIES_OF_REASONING,
    PROVIDER_FIELDS,
    Piece,
    ReasoningForm,
    SupportsGet,
    change_text,
    get_text,
)
from prompt_policy.wire.answers.deltas import find_tokens
from prompt_policy.wire.values import MISSING, JsonObject

_REASONING_KEYS: Final = CHANNEL_KEYS["reasoning"]
_SHAPED_KEYS: Final = frozenset({"content", *_REASONING_KEYS, *COPIES_OF_REASONING})


def place_pieces(
    message: SupportsGet, pieces: Iterable[Piece], form: ReasoningForm, default_keys: tuple[str, ...]
) -> JsonObject:
    """Return the keys of a message or delta that change if it holds these pieces, at most one of each channel.

    Arguments:
        default_keys: the names under which the server sends reasoning.
    """
    texts = {piece.channel: piece.text for piece in pieces}
    changed = _place_reasoning(message, texts.get("reasoning"), form, default_keys)
    changed |= _remove_copies(message) if form.is_hidden else _change_copies(message, changed)
    content, before = texts.get("content"), message.get("content")
    if content is not None:
        if content != before:
            changed["content"] = content
    elif isinstance(before, str) and before:
        changed["content"] = MISSING if texts.get("reasoning") and not form.is_hidden else ""
    return changed


def _place_reasoning(
    message: SupportsGet, text: str | None, form: ReasoningForm, default_keys: tuple[str, ...]
) -> JsonObject:
    present = {key: value for key in _REASONING_KEYS if isinstance(value := message.get(key), str)}
    originals = {value for value in present.values() if value}
    if len(originals) > 1 and not form.is_hidden:
        return {}
    keys = tuple(key for key, value in present.items() if value) or tuple(present) or default_keys
    if text is None:
        keys = ()
    elif form.keys is not None and not form.is_hidden:
        keys = form.keys if text else tuple(present) or form.keys
    changed: JsonObject = {key: text for key in keys if present.get(key) != text}
    return changed | {key: MISSING for key, value in present.items() if key not in keys and (value or keys)}


def _change_copies(message: SupportsGet, changed: JsonObject) -> JsonObject:
    """Return LiteLLM's ``provider_specific_fields`` if they repeat reasoning whose text changes."""
    original = get_text(message, _REASONING_KEYS)
    text = next((text for key in _REASONING_KEYS if isinstance(text := changed.get(key), str)), None)
    if not original or not text or text == original:
        return {}
    nested = change_text(message, "reasoning", original, text).get(PROVIDER_FIELDS)
    return {} if nested is None else {PROVIDER_FIELDS: nested}


def _remove_copies(message: SupportsGet) -> JsonObject:
    changed: JsonObject = {key: MISSING for key in COPIES_OF_REASONING if message.get(key) is not None}
    fields = message.get(PROVIDER_FIELDS)
    if isinstance(fields, dict):
        kept = {key: value for key, value in fields.items() if key not in (*_REASONING_KEYS, *COPIES_OF_REASONING)}
        if len(kept) < len(fields):
            changed[PROVIDER_FIELDS] = kept or MISSING
    return changed


def list_hidden_tokens(choice: JsonObject, changed: JsonObject, form: ReasoningForm | None) -> JsonObject:
    """Return new values for the keys of a choice under which it contains the tokens of hidden reasoning.

    Arguments:
        changed: the changed keys of its complete message. No other rule changes a text with tokens.
    """
    if form is None or not form.is_hidden or _SHAPED_KEYS.isdisjoint(changed):
        return {}
    return dict.fromkeys(find_tokens(choice))
