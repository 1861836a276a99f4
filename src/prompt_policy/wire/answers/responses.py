"""Responses: rewrites the text of an answer. A stream repeats each text in up to five events, which must agree."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from prompt_policy.wire.answers.chat import Channel, TextFilter
from prompt_policy.wire.answers.offsets import shift_annotation, shift_annotations
from prompt_policy.wire.answers.parts import PartRewriter, holds_only, part_index
from prompt_policy.wire.values import Json, JsonObject

_CHANNELS: Final[dict[str, Channel]] = {
    "output_text": "content",
    "reasoning_text": "reasoning",
    "summary_text": "reasoning",
}
# The type of text that each group of events carries, and the reverse.
_TEXT_TYPES: Final = {
    "response.output_text": "output_text",
    "response.reasoning_text": "reasoning_text",
    "response.reasoning_summary_text": "summary_text",
}
_EVENT_NAMES: Final = {text_type: name for name, text_type in _TEXT_TYPES.items()}
# The lists of parts in an item, and the key by which events refer to an entry of each.
_LISTS: Final = {"content": "content_index", "summary": "summary_index"}
_PARTS: Final = ("response.content_part", "response.reasoning_part", "response.reasoning_summary_part")
_RESPONSE_DONE: Final = ("response.completed", "response.incomplete", "response.failed", "response.cancelled")
_PLACE_KEYS: Final = ("item_id", "output_index", "content_index", "summary_index")
_DELTA_KEYS: Final = frozenset({"type", "sequence_number", "delta", *_PLACE_KEYS})

_TextKey: TypeAlias = tuple[str, int | None, int | None]
"""The type of a text, the index of its item, and its index in the item."""
_RewriteText: TypeAlias = Callable[[JsonObject, _TextKey, PartRewriter], JsonObject]


def rewrite_response(answer: JsonObject, filters: TextFilter) -> JsonObject:
    """Return a complete answer with its texts filtered; the same object if nothing changes."""
    return _rewrite_output(answer, PartRewriter(filters))


class ResponsesRewriter:
    """Rewrites the events of one answer. A part's buffered text is sent as a delta before the part is done.

    A delta is dropped if nothing but its empty text is left. The numbers of the following events are adapted.
    """

    def __init__(self, filters: TextFilter) -> None:
        self._parts = PartRewriter(filters)
        self._sources: dict[_TextKey, JsonObject] = {}  # the last event with text of each part that is not done
        self._number_shift = 0
        self._next_number: int | None = None

    def feed(self, event: JsonObject, /) -> list[JsonObject]:
        """Return the events that the client receives in place of one; the same object if nothing changes."""
        events = [*self._rewrite(event)]
        number = event.get("sequence_number")
        if not isinstance(number, int) or isinstance(number, bool):
            return events
        first = number + self._number_shift
        self._number_shift += len(events) - 1
        self._next_number = first + len(events)
        return events if first == number and len(events) == 1 else _number_events(events, first)

    def flush(self) -> list[JsonObject]:
        """Return a delta for each part that has buffered text, because the stream ended before the part was done."""
        events = [*self._flush_parts(*self._sources)]
        return events if self._next_number is None else _number_events(events, self._next_number)

    def _rewrite(self, event: JsonObject) -> Iterator[JsonObject]:
        kind = event.get("type")
        name, _, phase = kind.rpartition(".") if isinstance(kind, str) else ("", "", "")
        if name in _TEXT_TYPES and phase == "delta" and isinstance(event.get("delta"), str):
            yield from self._rewrite_delta(event, _text_key(event, _TEXT_TYPES[name]))
        elif name in _TEXT_TYPES and phase == "done" and isinstance(event.get("text"), str):
            key = _text_key(event, _TEXT_TYPES[name])
            yield from self._end_parts(key)
            yield _finish_text(event, key, self._parts)
        elif name in _PARTS and phase in ("added", "done"):
            yield from self._rewrite_part_event(event, is_done=phase == "done")
        elif name == "response.output_item" and phase in ("added", "done"):
            yield from self._rewrite_item_event(event, is_done=phase == "done")
        elif kind == "response.output_text.annotation.added":
            offsets = self._parts.get_offsets(_text_key(event, "output_text"))
            annotation = shift_annotation(event.get("annotation"), offsets, is_complete=False)
            yield _replace(event, "annotation", annotation)
        elif kind in _RESPONSE_DONE and isinstance(event.get("response"), dict):
            yield from self._end_parts(*self._sources)
            yield _replace(event, "response", _rewrite_output(event["response"], self._parts))
        else:
            yield event

    def _rewrite_delta(self, event: JsonObject, key: _TextKey) -> Iterator[JsonObject]:
        before = event["delta"]
        self._sources[key] = event
        text = self._parts.feed(key, _CHANNELS[key[0]], before)
        if text or not before or not holds_only(event, _DELTA_KEYS):
            rewritten = event if text == before else {**event, "delta": text}
            yield _shift_offsets(rewritten, key, self._parts, is_complete=False)

    def _rewrite_part_event(self, event: JsonObject, *, is_done: bool) -> Iterator[JsonObject]:
        part: Json = event.get("part")
        if not _has_text(part):
            yield event
            return
        key = _text_key(event, part["type"])
        if is_done:
            yield from self._end_parts(key)
        else:
            self._sources[key] = event
        yield _replace(event, "part", (_finish_text if is_done else _open_text)(part, key, self._parts))

    def _rewrite_item_event(self, event: JsonObject, *, is_done: bool) -> Iterator[JsonObject]:
        """Yield the event of an item, after the buffered text of this item if it ends, or of all others."""
        item: Json = event.get("item")
        output_index = part_index(event.get("output_index"))
        if is_done:
            yield from self._end_parts(*[key for key in self._sources if key[1] == output_index])
            rewrite = _finish_text
        else:
            yield from self._flush_parts(*[key for key in self._sources if key[1] != output_index])
            for name, key in _list_texts(item, output_index):
                place = {"item_id": item.get("id"), _LISTS[name]: key[2]}
                self._sources[key] = {**place, "output_index": event.get("output_index")}
            rewrite = _open_text
        yield _replace(event, "item", _rewrite_item(item, output_index, self._parts, rewrite))

    def _end_parts(self, *keys: _TextKey) -> Iterator[JsonObject]:
        yield from self._flush_parts(*keys)
        for key in keys:
            self._sources.pop(key, None)

    def _flush_parts(self, *keys: _TextKey) -> Iterator[JsonObject]:
        """Yield the buffered text of parts, as deltas."""
        for key in keys:
            if tail := self._parts.flush(key):
                yield _build_delta(self._sources[key], key[0], tail)


def _rewrite_output(response: JsonObject, parts: PartRewriter) -> JsonObject:
    output = response.get("output")
    if not isinstance(output, list):
        return response
    items = [_rewrite_item(item, index, parts, _finish_text) for index, item in enumerate(output)]
    return _replace(response, "output", _keep_if_same(items, output))


def _rewrite_item(item: Json, output_index: int | None, parts: PartRewriter, rewrite: _RewriteText) -> Json:
    """Return an item with ``rewrite`` applied to each part that holds text, in the order of ``_list_texts``."""
    changed: dict[str, list[Json]] = {}
    for name, key in _list_texts(item, output_index):
        listed = changed.setdefault(name, [*item[name]])
        listed[key[2] or 0] = rewrite(listed[key[2] or 0], key, parts)
    for name, listed in changed.items():
        item = _replace(item, name, _keep_if_same(listed, item[name]))
    return item


def _finish_text(value: JsonObject, key: _TextKey, parts: PartRewriter) -> JsonObject:
    """Return a part, or an event, with its complete text filtered."""
    text = parts.final_text(key, _CHANNELS[key[0]], value["text"])
    return _shift_offsets(_replace(value, "text", text), key, parts, is_complete=True)


def _open_text(value: JsonObject, key: _TextKey, parts: PartRewriter) -> JsonObject:
    """Return a part that begins, with the text that it begins with filtered."""
    text = parts.open(key, _CHANNELS[key[0]], value["text"])
    return _shift_offsets(_replace(value, "text", text), key, parts, is_complete=False)


def _shift_offsets(value: JsonObject, key: _TextKey, parts: PartRewriter, *, is_complete: bool) -> JsonObject:
    if not (annotations := value.get("annotations")):
        return value
    return _replace(
        value, "annotations", shift_annotations(annotations, parts.get_offsets(key), is_complete=is_complete)
    )


def _list_texts(item: Json, output_index: int | None) -> Iterator[tuple[str, _TextKey]]:
    """Yield each part of an item that holds text: the name of its list, and its key."""
    if not isinstance(item, dict) or item.get("type") not in ("message", "reasoning"):
        return
    for name in _LISTS:
        parts = item.get(name)
        for index, part in enumerate(parts if isinstance(parts, list) else ()):
            if _has_text(part):
                yield name, (part["type"], output_index, index)


def _has_text(part: Json) -> bool:
    kind = part.get("type") if isinstance(part, dict) else None
    return isinstance(kind, str) and kind in _CHANNELS and isinstance(part.get("text"), str)


def _text_key(event: JsonObject, text_type: str) -> _TextKey:
    index = next((event[name] for name in _LISTS.values() if name in event), 0)
    return (text_type, part_index(event.get("output_index")), part_index(index))


def _build_delta(source: JsonObject, text_type: str, text: str) -> JsonObject:
    """Return a delta for the part to which an event belongs."""
    delta: JsonObject = {"type": f"{_EVENT_NAMES[text_type]}.delta"}
    delta |= {name: source[name] for name in _PLACE_KEYS if name in source}
    delta |= {"logprobs": []} if isinstance(source.get("logprobs"), list) else {}
    return {**delta, "delta": text}


def _number_events(events: list[JsonObject], first: int) -> list[JsonObject]:
    return [{**event, "sequence_number": number} for number, event in enumerate(events, first)]


def _replace(value: JsonObject, key: str, new: Json) -> JsonObject:
    """Return an object with another value under a key; the same object if the value is equal."""
    old = value.get(key)
    return value if new is old or new == old else {**value, key: new}


def _keep_if_same(new: list[Json], old: list[Json]) -> list[Json]:
    return old if all(map(operator.is_, new, old)) else new
