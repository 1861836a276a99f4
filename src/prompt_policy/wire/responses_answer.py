"""Responses: the texts of an answer. A stream says each text up to five times, and all of them must agree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from prompt_policy.wire.answer import Channel, Texts
from prompt_policy.wire.parts import Parts, place_of
from prompt_policy.wire.values import Json, JsonObject

_CHANNELS: Final[dict[str, Channel]] = {
    "output_text": "content",
    "reasoning_text": "reasoning",
    "summary_text": "reasoning",
}
# How the events of a kind of text are called, and where they say which part they mean.
_NAMES: Final = {
    "response.output_text": "output_text",
    "response.reasoning_text": "reasoning_text",
    "response.reasoning_summary_text": "summary_text",
}
_LISTS: Final = (("content", "content_index"), ("summary", "summary_index"))
_PART_DONE: Final = (
    "response.content_part.done",
    "response.reasoning_part.done",
    "response.reasoning_summary_part.done",
)
_ENDS: Final = ("response.completed", "response.incomplete", "response.failed")


def rewrite_response(answer: JsonObject, texts: Texts) -> JsonObject:
    """Return a whole answer with the texts that the client is to read; itself if none changed."""
    return _response(answer, Parts(texts))


class ResponsesStream:
    """Rewrites the events of one answer. What was held back of a part comes as a delta before the part is done."""

    def __init__(self, texts: Texts) -> None:
        self._parts = Parts(texts)
        self._added = 0

    def rewrite(self, event: JsonObject) -> list[JsonObject]:
        """Return what the client reads in place of an event; the very object where it stays as it is."""
        events = [*self._rewritten(event)]
        if not self._added or not isinstance(event.get("sequence_number"), int):
            return events
        first = event["sequence_number"] + self._added - (len(events) - 1 if events else 0)
        return [{**each, "sequence_number": first + place} for place, each in enumerate(events)]

    def end(self) -> list[JsonObject]:
        """Return what is left when the stream has ended: nothing, for every part ends by itself."""
        return []

    def _rewritten(self, event: JsonObject) -> Iterator[JsonObject]:
        kind = event.get("type")
        name, _, happened = kind.rpartition(".") if isinstance(kind, str) else ("", "", "")
        if happened == "delta" and name in _NAMES and isinstance(event.get("delta"), str):
            changed = self._parts.feed(_key(event, _NAMES[name]), _CHANNELS[_NAMES[name]], event["delta"])
            if changed:
                yield _with(event, "delta", changed)
        elif happened == "done" and name in _NAMES and isinstance(event.get("text"), str):
            text, key = _NAMES[name], _key(event, _NAMES[name])
            yield from self._tail(event, name, text)
            yield _with(event, "text", self._parts.whole(key, _CHANNELS[text], event["text"]))
        elif kind in _PART_DONE:
            yield _with(
                event, "part", _part(event.get("part"), place_of(event.get("output_index")), _place(event), self._parts)
            )
        elif kind == "response.output_item.added":
            yield _with(event, "item", _emptied(event.get("item")))
        elif kind == "response.output_item.done":
            yield _with(event, "item", _item(event.get("item"), place_of(event.get("output_index")), self._parts))
        elif kind in _ENDS and isinstance(event.get("response"), dict):
            yield _with(event, "response", _response(event["response"], self._parts))
        else:
            yield event

    def _tail(self, event: JsonObject, name: str, text: str) -> Iterator[JsonObject]:
        key = _key(event, text)
        if not self._parts.has_begun(key):
            return
        if tail := self._parts.end(key, _CHANNELS[text]):
            self._added += 1
            yield {**{k: v for k, v in event.items() if k != "text"}, "type": f"{name}.delta", "delta": tail}


def _response(response: JsonObject, parts: Parts) -> JsonObject:
    output = response.get("output")
    if not isinstance(output, list):
        return response
    return _with(response, "output", _same([_item(item, place, parts) for place, item in enumerate(output)], output))


def _emptied(item: Json) -> Json:
    """Return an item that has just begun without texts: some servers say there already what has yet to come."""
    for key, _ in _LISTS:
        listed = item.get(key) if isinstance(item, dict) else None
        if isinstance(listed, list):
            emptied = [_with(part, "text", "") if _kind(part) else part for part in listed]
            item = _with(item, key, _same(emptied, listed))
    return item


def _item(item: Json, place: int | None, parts: Parts) -> Json:
    if not isinstance(item, dict) or item.get("type") not in ("message", "reasoning"):
        return item
    for key, _ in _LISTS:
        listed = item.get(key)
        if isinstance(listed, list):
            changed = [_part(part, place, index, parts) for index, part in enumerate(listed)]
            item = _with(item, key, _same(changed, listed))
    return item


def _part(part: Json, item: int | None, place: int | None, parts: Parts) -> Json:
    kind = _kind(part)
    if kind is None or not isinstance(part.get("text"), str):
        return part
    return _with(part, "text", parts.whole((kind, item, place), _CHANNELS[kind], part["text"]))


def _kind(part: Json) -> str | None:
    """Return the kind of text that a part is, or None."""
    kind = part.get("type") if isinstance(part, dict) else None
    return kind if isinstance(kind, str) and kind in _CHANNELS else None


def _key(event: JsonObject, text: str) -> tuple[str, int | None, int | None]:
    return (text, place_of(event.get("output_index")), _place(event))


def _place(event: JsonObject) -> int | None:
    return place_of(next((event[name] for _, name in _LISTS if name in event), 0))


def _with(value: JsonObject, key: str, new: Json) -> JsonObject:
    old = value.get(key)
    return value if new is old or new == old else {**value, key: new}


def _same(new: list[Json], old: list[Json]) -> list[Json]:
    return old if all(a is b for a, b in zip(new, old, strict=True)) else new
