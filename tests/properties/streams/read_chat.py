"""What a client reads in a chat stream."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, Final

from tests.properties.streams.laws import Event

_REASONING_KEYS: Final = ("reasoning", "reasoning_content")
_IDENTITY: Final = ("id", "object", "created", "model", "choices")


def list_pieces(delta: Event) -> Iterator[tuple[str, str]]:
    """Yield the channel and the text of each piece in a delta, in the order in which clients read them."""
    keys = [key for key in _REASONING_KEYS if isinstance(delta.get(key), str)]
    if keys:
        yield "reasoning", delta[keys[0]]
    content = delta.get("content")
    if isinstance(content, str):
        yield "content", content
    for part in content if isinstance(content, list) else ():
        if part["type"] == "text":
            yield "content", part["text"]
        for inner in part.get("thinking", ()):
            yield "reasoning", inner["text"]


def list_kinds(events: Iterable[Event]) -> list[tuple[int, str]]:
    """Return what each choice has in its order, each run once; the usage at the end of a stream has the index -1."""
    kinds: list[tuple[int, str]] = []
    for event in events:
        for choice in event["choices"]:
            index, delta = choice["index"], choice["delta"]
            kinds += [(index, channel) for channel, text in list_pieces(delta) if text]
            kinds += [(index, "tool")] if delta.get("tool_calls") else []
            kinds += [(index, "finish")] if choice["finish_reason"] is not None else []
        kinds += [(-1, "usage")] if event.get("usage") and not event["choices"] else []
    return [kind for kind, _ in groupby(kinds)]


def list_kinds_of_choice(events: Iterable[Event], index: int) -> list[str]:
    """Return what one choice has in its order, and the usage, each run once."""
    kinds = [kind for choice, kind in list_kinds(events) if choice in (index, -1)]
    return [kind for kind, _ in groupby(kinds)]


def join_texts(events: Iterable[Event]) -> dict[tuple[int, str], str]:
    """Return the text of each choice and channel."""
    texts: dict[tuple[int, str], str] = defaultdict(str)
    for event in events:
        for choice in event["choices"]:
            for channel, text in list_pieces(choice["delta"]):
                texts[choice["index"], channel] += text
    return {key: text for key, text in texts.items() if text}


def list_other_values(events: Iterable[Event]) -> list[tuple[str, int, Any]]:
    """Return everything that is neither text nor null, in its order."""
    found: list[tuple[str, int, Any]] = []
    for event in events:
        for choice in event["choices"]:
            delta = {key: value for key, value in choice["delta"].items() if key not in (*_REASONING_KEYS, "content")}
            fields = {key: value for key, value in choice.items() if key not in ("index", "delta")}
            found += [(key, choice["index"], value) for key, value in (delta | fields).items() if value is not None]
        found += [(key, -1, value) for key, value in event.items() if key not in _IDENTITY]
    return found
