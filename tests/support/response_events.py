"""An answer of the Responses API, whole and as the events that vLLM sends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def build_response(reasoning: str, text: str) -> dict[str, Any]:
    """Return a whole answer: an item of reasoning and a message."""
    thinking = {
        "type": "reasoning",
        "id": "r",
        "summary": [],
        "content": [{"type": "reasoning_text", "text": reasoning}],
    }
    part = {"type": "output_text", "text": text, "annotations": []}
    message = {"type": "message", "id": "m", "role": "assistant", "content": [part]}
    return {"id": "resp", "output": [thinking, message], "status": "completed"}


def build_response_events(reasoning: Sequence[str], pieces: Sequence[str]) -> list[dict[str, Any]]:
    """Return the events of an answer whose reasoning and text are sent in these pieces."""
    whole = build_response("".join(reasoning), "".join(pieces))
    events: list[dict[str, Any]] = [{"type": "response.created", "response": {"id": "resp", "output": []}}]
    for index, (kind, part, deltas) in enumerate(
        (("reasoning_text", "reasoning_part", reasoning), ("output_text", "content_part", pieces))
    ):
        place = {"item_id": f"i{index}", "output_index": index, "content_index": 0}
        item = whole["output"][index]
        text = item["content"][0]["text"]
        events.append({"type": "response.output_item.added", "output_index": index, "item": {**item, "content": []}})
        events += [{"type": f"response.{kind}.delta", **place, "delta": delta} for delta in deltas]
        events.append({"type": f"response.{kind}.done", **place, "text": text})
        events.append({"type": f"response.{part}.done", **place, "part": item["content"][0]})
        events.append({"type": "response.output_item.done", "output_index": index, "item": item})
    events.append({"type": "response.completed", "response": whole})
    return [{**event, "sequence_number": number} for number, event in enumerate(events)]


def cut_text(text: str, sizes: Sequence[int]) -> list[str]:
    """Return a text in pieces of these sizes and a rest, without empty ones."""
    pieces, rest = [], text
    for size in sizes:
        pieces.append(rest[:size])
        rest = rest[size:]
    return [piece for piece in [*pieces, rest] if piece]
