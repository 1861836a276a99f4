"""Chat answers: the channels of their text, where each is found, and what filters it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal, NamedTuple, Protocol, TypeAlias

from prompt_policy.wire.values import Json, JsonObject

Channel = Literal["content", "reasoning"]
ChoiceKey: TypeAlias = int | tuple[Channel, int]
"""Identifies one text with its own filters: the index of a choice, or a channel and the number of a part in it."""
CHANNELS: Final[tuple[Channel, ...]] = ("reasoning", "content")
# vLLM has sent "reasoning" since 0.12; LiteLLM and older servers send "reasoning_content"; some send both.
CHANNEL_KEYS: Final[dict[Channel, tuple[str, ...]]] = {
    "reasoning": ("reasoning", "reasoning_content"),
    "content": ("content",),
}
COPIES_OF_REASONING: Final = ("reasoning_details", "thinking_blocks", "reasoning_items")
"""The structured copies of reasoning of OpenRouter and LiteLLM."""
PROVIDER_FIELDS: Final = "provider_specific_fields"


class Piece(NamedTuple):
    """A piece of a choice's text, and its channel."""

    channel: Channel
    text: str


class ReasoningForm(NamedTuple):
    """The form in which the client reads the reasoning of an answer.

    Arguments:
        keys: the names of its fields, which may be none; None: the server's.
        is_hidden: whether to remove all reasoning, with its structured copies and tokens.
        is_inline: whether the filters move reasoning into the content; its structured copies stay.
    """

    keys: tuple[str, ...] | None = None
    is_hidden: bool = False
    is_inline: bool = False


class TextFilter(Protocol):
    """Filters the texts of one answer, choice by choice, in the order in which they arrive.

    If ``reasoning_form`` is set, the text of a chat answer may change its channel: use ``feed_pieces`` and
    ``flush_pieces`` only.
    """

    @property
    def reasoning_form(self) -> ReasoningForm | None:
        """The form in which the client reads reasoning; None: the server's, and text stays in its channel."""

    def feed_pieces(self, choice: ChoiceKey, channel: Channel, text: str) -> list[Piece]:
        """Return the pieces that the client receives in place of ``text``, in order."""

    def flush_pieces(self, choice: ChoiceKey) -> list[Piece]:
        """Return the buffered text that must precede a tool call or the end of the choice."""

    def feed(self, choice: ChoiceKey, channel: Channel, text: str) -> str:
        """Return the text that the client receives in place of ``text``."""

    def flush(self, choice: ChoiceKey, channel: Channel) -> str:
        """Return the buffered text of a channel that must precede an event which ends the channel's text.

        More text of the channel may follow.
        """

    def rewrite_whole(self, choice: ChoiceKey, texts: Mapping[Channel, str]) -> Mapping[Channel, str]:
        """Return the texts that the client receives in place of a choice's complete texts: feed and flush in one."""


class AnswerFilter(TextFilter, Protocol):
    """A text filter that knows which choices of the answer it has seen."""

    @property
    def choices(self) -> tuple[int, ...]:
        """The indexes of the choices seen so far."""

    def can_pass_through(self, choice: ChoiceKey, channel: Channel) -> bool:
        """Return whether text within a line passes unchanged and leaves the filters' state unchanged."""


class SupportsGet(Protocol):
    """A message or a delta: a dict, or a host's object with dict access."""

    def get(self, key: str, default: Json = None, /) -> Json: ...


def get_text(message: SupportsGet, keys: Iterable[str]) -> str | None:
    """Return the first non-empty text under the keys; an empty one if all are empty, None if there is no text."""
    found: str | None = None
    for key in keys:
        text = message.get(key)
        if isinstance(text, str):
            if text:
                return text
            found = text
    return found


def repeats_reasoning(message: SupportsGet) -> bool:
    """Return whether a message or delta repeats its reasoning elsewhere, so that a change would contradict the copy.

    OpenRouter repeats it in ``reasoning_details``, LiteLLM in ``thinking_blocks`` and ``reasoning_items``, or in one of
    these among its ``provider_specific_fields``; some are signed. Two different texts under the keys of the channel are
    left alone for the same reason.
    """
    places = [message] if (nested := _get_provider_fields(message)) is None else [message, nested]
    for place in places:
        for key in COPIES_OF_REASONING:
            copies = place.get(key)
            if copies and isinstance(copies, list) and any(map(_holds_text, copies)):
                return True
    texts = [text for place in places for key in CHANNEL_KEYS["reasoning"] if (text := place.get(key))]
    return any(text != texts[0] for text in texts)


def change_text(message: SupportsGet, channel: Channel, original: str, text: str) -> JsonObject:
    """Return the keys of a message or delta that have the original text of a channel, with the new text."""
    changed: JsonObject = {key: text for key in CHANNEL_KEYS[channel] if message.get(key) == original}
    if channel == "reasoning" and (keys := find_nested_keys(message, original)):
        changed[PROVIDER_FIELDS] = {**message.get(PROVIDER_FIELDS), **dict.fromkeys(keys, text)}
    return changed


def find_nested_keys(message: SupportsGet, reasoning: str) -> tuple[str, ...]:
    """Return the keys among the ``provider_specific_fields`` under which LiteLLM repeats the reasoning."""
    if (nested := _get_provider_fields(message)) is None:
        return ()
    return tuple([key for key in CHANNEL_KEYS["reasoning"] if nested.get(key) == reasoning])


def _get_provider_fields(message: SupportsGet) -> JsonObject | None:
    nested = message.get(PROVIDER_FIELDS)
    return nested if isinstance(nested, dict) and nested else None


def _holds_text(block: Json) -> bool:
    return isinstance(block, dict) and any(block.get(key) for key in ("text", "thinking", "summary"))
