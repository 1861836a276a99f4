"""Streams of chat completions: the forms in which servers send reasoning, content, tool calls, and everything else."""

from __future__ import annotations

import random
from typing import Any, Final, NamedTuple

from tests.properties.streams.laws import Event
from tests.properties.streams.texts import build_text, cut

_EXTRAS_OF_DELTA: Final[tuple[Event, ...]] = ({"annotations": [{"type": "other"}]}, {"role": "assistant"}, {"x": 0})
_EXTRAS_OF_CHOICE: Final[tuple[Event, ...]] = (
    {"token_ids": [7]},
    {"content_filter_results": {"hate": {"filtered": False}}},
)
_EXTRAS_OF_CHUNK: Final[tuple[Event, ...]] = ({"citations": ["u"]}, {"usage": {"total_tokens": 2}}, {"x": "\n"})
_NULLS: Final[Event] = {"logprobs": None, "stop_reason": None}


class ChatStyle(NamedTuple):
    """How a server sends the deltas of a stream.

    Arguments:
        reasoning: the keys of reasoning; empty: a list of parts.
        content: ``str``, or ``list`` for parts.
        beside: the other keys of a delta with reasoning.
        repeats_reasoning: whether ``reasoning_details`` repeats the reasoning.
        extra_share: the probability that a chunk holds something else.
    """

    reasoning: tuple[str, ...]
    content: type
    beside: Event
    repeats_reasoning: bool
    extra_share: float


class ChatStream(NamedTuple):
    """The chunks of an answer, and how its server sends deltas."""

    events: list[Event]
    style: ChatStyle


def choose_style(rng: random.Random) -> ChatStyle:
    """Return the style of a server."""
    keys = rng.choice((("reasoning",), ("reasoning_content",), ("reasoning", "reasoning_content"), ()))
    content = rng.choice((str, str, str, list)) if keys else list
    beside: Event = rng.choice(({}, {"content": ""}, {"content": None})) if keys else {}
    return ChatStyle(keys, content, beside, bool(keys) and rng.random() < 0.15, rng.choice((0, 0, 0.2)))


def build_chat_stream(rng: random.Random, cuts: random.Random) -> ChatStream:
    """Return a stream. ``cuts`` determines how the texts are cut and what else chunks hold, but no text."""
    style = choose_style(rng)
    choices = [_build_choice(rng, cuts, style, index) for index in range(rng.choice((1, 1, 1, 2, 3)))]
    events: list[Event] = [_build_chunk([_build_choice_fields(0, {"role": "assistant", "content": ""})])]
    while any(choices):
        source = cuts.choice([choice for choice in choices if choice])
        events.append(_build_chunk([source.pop(0)]))
    if rng.random() < 0.7:
        events.append({**_build_chunk([]), "usage": {"total_tokens": 3}})
    for event in events:
        if event["choices"] and cuts.random() < style.extra_share:
            event.update(cuts.choice(_EXTRAS_OF_CHUNK))
    return ChatStream(events, style)


def _build_chunk(choices: list[Event]) -> Event:
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices}


def _build_choice_fields(index: int, delta: Event, finish: str | None = None) -> Event:
    return {"index": index, "delta": delta, "finish_reason": finish, **_NULLS}


def _build_choice(rng: random.Random, cuts: random.Random, style: ChatStyle, index: int) -> list[Event]:
    """Return the choices of one index, one for each of its chunks."""
    kinds = rng.choice(
        (["reasoning", "content"], ["content"], ["reasoning", "content", "tool"], ["reasoning", "tool", "tool"],
        [rng.choice(("reasoning", "content", "tool")) for _ in range(rng.randrange(7))])
    )  # fmt: skip
    deltas = [delta for kind in kinds for delta in _build_deltas(rng, cuts, style, kind)]
    choices = [_build_choice_fields(index, delta) for delta in deltas]
    ending = rng.random()
    if ending < 0.5:
        choices.append(_build_choice_fields(index, {}, "stop"))
    elif ending < 0.8 and choices:
        choices[-1]["finish_reason"] = "stop"
    for choice in choices:
        if cuts.random() < style.extra_share:
            choice.update(cuts.choice(_EXTRAS_OF_CHOICE))
        if cuts.random() < style.extra_share:
            choice["delta"].update(cuts.choice(_EXTRAS_OF_DELTA))
    return choices


def _build_deltas(rng: random.Random, cuts: random.Random, style: ChatStyle, kind: str) -> list[Event]:
    if kind == "tool":
        call: dict[str, Any] = {"index": 0, "id": "t", "type": "function", "function": {"name": "f", "arguments": ""}}
        pieces = [{"index": 0, "function": {"arguments": piece}} for piece in cut(cuts, '\n{"a": 1}\n')]
        return [{"tool_calls": [each]} for each in (call, *pieces)]
    pieces_of_text = cut(cuts, build_text(rng).text)
    if kind == "content":
        return [{"content": [{"type": "text", "text": p}] if style.content is list else p} for p in pieces_of_text]
    return [_build_reasoning(style, piece) for piece in pieces_of_text]


def _build_reasoning(style: ChatStyle, piece: str) -> Event:
    if not style.reasoning:
        return {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": piece}]}]}
    copies = {"reasoning_details": [{"type": "reasoning.text", "text": piece}]} if style.repeats_reasoning else {}
    return {**style.beside, **dict.fromkeys(style.reasoning, piece), **copies}
