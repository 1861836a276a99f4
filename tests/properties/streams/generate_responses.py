"""Streams of the Responses API: items with reasoning, text, refusals and calls, as servers send them."""

from __future__ import annotations

import random
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from tests.properties.streams.laws import Event
from tests.properties.streams.texts import SPACE, MarkedText, build_text, cut

OpeningStyle: TypeAlias = Literal["empty", "first", "repeated", "item"]
"""The text in the event that opens a part: none, the first piece, or the text that the deltas repeat.

``item``: the deltas repeat the text in the event of the item.
"""
TextKey: TypeAlias = tuple[str, int, int]
# The names of the events of each type of text: those of its part, of its text, and the key of its index.
NAMES: Final = {
    "output_text": ("response.content_part", "response.output_text", "content_index"),
    "reasoning_text": ("response.reasoning_part", "response.reasoning_text", "content_index"),
    "summary_text": ("response.reasoning_summary_part", "response.reasoning_summary_text", "summary_index"),
    "refusal": ("response.content_part", "response.refusal", "content_index"),
}


class ResponsesStream(NamedTuple):
    """The events of an answer, its complete items, and how the parts of each item are opened."""

    events: list[Event]
    output: list[Event]
    styles: dict[TextKey, OpeningStyle]


def build_responses_stream(rng: random.Random, cuts: random.Random) -> ResponsesStream:
    """Return a stream. ``cuts`` determines how the texts are cut, and nothing else."""
    items = [_build_item(rng, index) for index in range(rng.randrange(1, 5))]
    output = [item for item, _ in items]
    styles: dict[TextKey, OpeningStyle] = {}
    events: list[Event] = [{"type": "response.created", "response": {"id": "resp", "output": []}}]
    for index, (item, texts) in enumerate(items):
        events += _build_item_events(rng, cuts, index, item, texts, styles)
    name = rng.choice(("response.completed", "response.completed", "response.incomplete"))
    events.append({"type": name, "response": {"id": "resp", "output": output, "usage": {"total_tokens": 3}}})
    if rng.random() < 0.9:
        events = [{**event, "sequence_number": number} for number, event in enumerate(events)]
    return ResponsesStream(events, output, styles)


def _build_item(rng: random.Random, index: int) -> tuple[Event, list[MarkedText]]:
    kind, item_id = rng.choice(("reasoning", "message", "message", "message", "call", "search")), f"i{index}"
    if kind == "call":
        return {"type": "function_call", "id": item_id, "call_id": "c", "name": "f", "arguments": "\n{ }\n"}, []
    if kind == "search":
        return {"type": "web_search_call", "id": item_id, "status": "completed", "action": {"query": "\nq\n"}}, []
    if kind == "reasoning":
        texts = [build_text(rng) for _ in range(rng.choice((1, 1, 2)))]
        is_summary = rng.random() < 0.5
        parts = [{"type": "summary_text" if is_summary else "reasoning_text", "text": each.text} for each in texts]
        item: Event = {"type": "reasoning", "id": item_id, "summary": [], "encrypted_content": "\n"}
        return {**item, "summary" if is_summary else "content": parts}, texts
    texts = [build_text(rng, rng.choice((0, 0, 1, 2))) for _ in range(rng.choice((1, 1, 1, 2)))]
    content = [_build_content(rng, each) for each in texts]
    return {"type": "message", "id": item_id, "role": "assistant", "content": content}, texts


def _build_content(rng: random.Random, text: MarkedText) -> Event:
    if not text.markers and rng.random() < 0.15:
        return {"type": "refusal", "refusal": text.text}
    annotations: list[Event] = []
    for marker in text.markers:
        both = {"start_index": marker.start, "end_index": marker.end}
        cited = {"type": "url_citation", "url": marker.text, **both}
        filed = {"type": "file_citation", "file_id": marker.text, "index": marker.start}
        annotations.append(rng.choice((cited, cited, filed)))
    if rng.random() < 0.1:
        annotations.append({"type": "file_path", "file_id": "f", "index": 7})
    return {"type": "output_text", "text": text.text, "annotations": annotations}


def _build_item_events(
    rng: random.Random,
    cuts: random.Random,
    index: int,
    item: Event,
    texts: list[MarkedText],
    styles: dict[TextKey, OpeningStyle],
) -> list[Event]:
    if not texts:
        return [
            {"type": "response.output_item.added", "output_index": index, "item": {**item, "status": "in_progress"}},
            {"type": f"response.{item['type']}.progress", "output_index": index, "delta": "\n"},
            {"type": "response.output_item.done", "output_index": index, "item": item},
        ]
    name = "summary" if item.get("summary") else "content"
    parts: list[Event] = item[name]
    chosen = [_choose_style(rng, part) for part in parts]
    is_repeated = rng.random() < 0.1 and all(style != "first" for style in chosen)
    events: list[Event] = []
    for number, (part, text, style) in enumerate(zip(parts, texts, chosen, strict=True)):
        way: OpeningStyle = "item" if is_repeated and "text" in part else style
        styles[part["type"], index, number] = way
        events += _build_part_events(rng, cuts, (item["id"], index, number), part, text, way)
    listed = parts if is_repeated else []
    events.insert(0, {"type": "response.output_item.added", "output_index": index, "item": {**item, name: listed}})
    if rng.random() < 0.9:
        events.append({"type": "response.output_item.done", "output_index": index, "item": item})
    return events


def _choose_style(rng: random.Random, part: Event) -> OpeningStyle:
    if part["type"] == "refusal" or not part["text"].strip(SPACE):
        return "empty"
    return rng.choice(("empty", "empty", "empty", "first", "repeated"))


def _build_part_events(
    rng: random.Random,
    cuts: random.Random,
    place: tuple[str, int, int],
    part: Event,
    text: MarkedText,
    style: OpeningStyle,
) -> list[Event]:
    part_name, text_name, index_name = NAMES[part["type"]]
    part_name = rng.choice((part_name, "response.content_part")) if part["type"] == "reasoning_text" else part_name
    at = dict(zip(("item_id", "output_index", index_name), place, strict=True))
    field = "refusal" if part["type"] == "refusal" else "text"
    opening = _choose_opening(rng, text.text, style)
    start = len(opening) if style == "first" else 0
    added = {**part, field: opening} | ({"annotations": []} if "annotations" in part else {})
    events: list[Event] = [{"type": f"{part_name}.added", **at, "part": added}]
    waiting = [(marker.end, n) for n, marker in enumerate(text.markers)]
    length = start
    for piece in [*cut(cuts, text.text[start:]), ""]:
        if piece:
            length += len(piece)
            events.append({"type": f"{text_name}.delta", **at, "delta": piece, **_choose_extras(cuts)})
        while waiting and waiting[0][0] <= length:
            number = waiting.pop(0)[1]
            annotation = {"annotation_index": number, "annotation": part["annotations"][number]}
            events.append({"type": "response.output_text.annotation.added", **at, **annotation})
        if piece and cuts.random() < 0.05:
            events.append({"type": "keepalive"})
    if rng.random() < 0.85:
        events.append({"type": f"{text_name}.done", **at, field: text.text})
    if rng.random() < 0.85:
        events.append({"type": f"{part_name}.done", **at, "part": part})
    return events


def _choose_opening(rng: random.Random, text: str, style: OpeningStyle) -> str:
    """Return the text of the event that opens a part. A first piece differs from the piece after it."""
    if style == "repeated":
        shortest = len(text) - len(text.lstrip(SPACE)) + 1
        return rng.choice((text, text, text[: rng.randrange(shortest, len(text) + 1)]))
    if style != "first":
        return ""
    opening = text[: rng.randrange(1, len(text) + 1)]
    rest = text[len(opening) :]
    return opening if not rest.startswith(opening[0]) else text


def _choose_extras(cuts: random.Random) -> dict[str, Any]:
    return cuts.choice(({}, {}, {"logprobs": []}, {"logprobs": [{"token": "x"}]}, {"obfuscation": "aX"}, {"x": None}))
