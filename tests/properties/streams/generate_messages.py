"""Streams of Anthropic's Messages: blocks of thinking, text and tool use, as servers send them."""

from __future__ import annotations

import random
from typing import NamedTuple

from tests.properties.streams.laws import Event
from tests.properties.streams.texts import build_text, cut


class MessagesStream(NamedTuple):
    """The events of an answer, and its complete blocks."""

    events: list[Event]
    content: list[Event]


def build_messages_stream(rng: random.Random, cuts: random.Random) -> MessagesStream:
    """Return a stream. ``cuts`` determines how the texts are cut, and nothing else."""
    thinking = [_build_thinking(rng) for _ in range(rng.choice((0, 1, 1, 2)))]
    others = [_build_block(rng) for _ in range(rng.choice((1, 1, 2, 3, 4)))]
    content = thinking + others
    events: list[Event] = [{"type": "message_start", "message": {"id": "m", "role": "assistant", "content": []}}]
    for index, block in enumerate(content):
        events += _build_block_events(rng, cuts, index, block)
        if rng.random() < 0.1:
            events.append({"type": rng.choice(("ping", "unknown_event")), "value": "\n"})
    stop = {"stop_reason": rng.choice(("end_turn", "tool_use", "max_tokens")), "stop_sequence": None}
    events += [{"type": "message_delta", "delta": stop, "usage": {"output_tokens": 3}}, {"type": "message_stop"}]
    return MessagesStream(events, content)


def _build_thinking(rng: random.Random) -> Event:
    if rng.random() < 0.2:
        return {"type": "redacted_thinking", "data": "\nx\n"}
    return {"type": "thinking", "thinking": build_text(rng).text, "signature": "s"}


def _build_block(rng: random.Random) -> Event:
    kind = rng.choice(("text", "text", "text", "tool_use", "server_tool_use", "web_search_tool_result"))
    if kind == "text":
        text: Event = {"type": "text", "text": build_text(rng).text}
        cited = {"type": "web_search_result_location", "url": "u", "cited_text": "\nx\n"}
        return rng.choice((text, text, text, {**text, "citations": [cited]}))
    if kind == "web_search_tool_result":
        return {"type": kind, "tool_use_id": "t", "content": [{"type": "web_search_result", "title": "\n"}]}
    return {"type": kind, "id": "t", "name": "f", "input": {"query": "\nx\n"}}


def _build_block_events(rng: random.Random, cuts: random.Random, index: int, block: Event) -> list[Event]:
    started, deltas = _split_block(rng, cuts, block)
    start = {"type": "content_block_start", "index": index, "content_block": started}
    events = [start, *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas)]
    if cuts.random() < 0.1:
        events.insert(cuts.randrange(1, len(events) + 1), {"type": "ping"})
    return [*events, {"type": "content_block_stop", "index": index}]


def _split_block(rng: random.Random, cuts: random.Random, block: Event) -> tuple[Event, list[Event]]:
    """Return the block as its first event contains it, and the deltas that complete it."""
    kind = block["type"]
    if kind == "thinking":
        deltas = [{"type": "thinking_delta", "thinking": piece} for piece in cut(cuts, block["thinking"])]
        return {**block, "thinking": "", "signature": ""}, [*deltas, {"type": "signature_delta", "signature": "s"}]
    if kind in ("tool_use", "server_tool_use"):
        pieces = cut(cuts, '\n{"query": "\\nx\\n"}\n')
        return {**block, "input": {}}, [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
    if kind != "text":
        return block, []
    text: str = block["text"]
    opening = text[: rng.randrange(len(text) + 1)] if rng.random() < 0.25 else ""
    deltas = [{"type": "text_delta", "text": piece} for piece in cut(cuts, text[len(opening) :])]
    for citation in block.get("citations", ()):
        deltas.insert(cuts.randrange(len(deltas) + 1), {"type": "citations_delta", "citation": citation})
    return {"type": "text", "text": opening}, deltas
