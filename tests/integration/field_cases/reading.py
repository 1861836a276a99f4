"""What a client reads from a chat answer: the order of its texts, calls and ends, and what accompanies them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final

_TEXTS: Final = {"content", "reasoning", "refusal"}
_ORDER: Final = ("reasoning", "content", "refusal", "tool", "part", "finish", "usage")
_REASONING_KEYS: Final = ("reasoning", "reasoning_content")
_COPIES: Final = ("reasoning_details", "thinking_blocks")


@dataclass(frozen=True)
class Reading:
    """What a client reads from one choice.

    Attributes:
        events: a kind and a value each; consecutive texts of one kind are one event.
        extras: everything else that arrives, by name; what is missing is left out.
    """

    events: list[tuple[str, Any]]
    extras: dict[str, Any] = field(default_factory=dict)

    def group(self) -> Reading:
        """Return the reading without the order of events of different kinds, which a whole answer does not have."""
        ordered = sorted(self.events, key=lambda event: _ORDER.index(event[0]))
        return Reading(_join_texts(ordered), self.extras)


def read_stream(chunks: Iterable[dict[str, Any]], choices: int = 1) -> list[Reading]:
    """Return what a client reads from the chunks of a stream, for each choice."""
    readers = [_ChoiceReader() for _ in range(choices)]
    for chunk in chunks:
        for choice in chunk["choices"]:
            readers[choice["index"]].add(choice, choice.get("delta") or {})
        for reader in readers:
            reader.add_chunk(chunk)
    return [reader.read() for reader in readers]


def read_answer(answer: dict[str, Any]) -> Reading:
    """Return what a client reads from a whole answer with one choice."""
    [choice] = answer["choices"]
    reader = _ChoiceReader()
    reader.add(choice, choice["message"])
    reader.add_chunk(answer)
    return reader.read().group()


class _ChoiceReader:
    def __init__(self) -> None:
        self._events: list[tuple[str, Any]] = []
        self._lists: dict[str, list[Any]] = {}
        self._copies: dict[str, str] = {}
        self._sources: Any = None

    def add(self, choice: dict[str, Any], message: dict[str, Any]) -> None:
        nested = message.get("provider_specific_fields") or {}
        self._events += _read_texts(message)
        for call in message.get("tool_calls") or ():
            function = call["function"]
            self._events.append(("tool", (function.get("name") or "") + (function.get("arguments") or "")))
        if choice.get("finish_reason"):
            self._events.append(("finish", choice["finish_reason"]))
        self._add_copies(message, nested)
        self._extend("token_ids", choice.get("token_ids") or ())
        self._extend("verdicts", [choice["content_filter_results"]] if choice.get("content_filter_results") else ())
        cited = [note["url_citation"] for note in message.get("annotations") or ()]
        self._extend("annotations", ([note["start_index"], note["end_index"]] for note in cited))
        self._extend("cited", [nested["citation"]["cited_text"]] if "citation" in nested else ())
        self._extend("other", [nested["other"]] if "other" in nested else ())

    def add_chunk(self, chunk: dict[str, Any]) -> None:
        self._sources = chunk.get("citations") or self._sources
        if chunk.get("usage"):
            self._events = [event for event in self._events if event[0] != "usage"]
            self._events.append(("usage", chunk["usage"]["total_tokens"]))

    def _add_copies(self, message: dict[str, Any], nested: dict[str, Any]) -> None:
        for key in _COPIES:
            found = [places[key] for places in (message, nested) if places.get(key)]
            assert all(copy == found[0] for copy in found), f"two different {key}"
            for block in found[0] if found else ():
                text = block.get("text") or block.get("thinking") or ""
                self._copies[key] = self._copies.get(key, "") + text
                self._extend("encrypted", [block["data"]] if "data" in block else ())
        texts = [nested[key] for key in _REASONING_KEYS if nested.get(key)]
        assert len({*texts}) < 2, "two different texts among the provider's fields"
        if texts:
            self._copies["other_reasoning"] = self._copies.get("other_reasoning", "") + texts[0]

    def _extend(self, name: str, values: Iterable[Any]) -> None:
        self._lists.setdefault(name, []).extend(values)

    def read(self) -> Reading:
        reasoning = "".join(text for kind, text in self._events if kind == "reasoning")
        copies = {
            key: text for key, text in self._copies.items() if text and (key != "other_reasoning" or text != reasoning)
        }
        sources = {"sources": self._sources} if self._sources else {}
        lists = {name: values for name, values in self._lists.items() if values}
        return Reading(_join_texts(self._events), {**lists, **copies, **sources})


def _read_texts(message: dict[str, Any]) -> Iterator[tuple[str, str]]:
    reasoning = {message[key] for key in _REASONING_KEYS if message.get(key)}
    assert len(reasoning) < 2, "two different texts of reasoning"
    yield from (("reasoning", text) for text in reasoning)
    content = message.get("content")
    if isinstance(content, list):
        for part in content:
            yield from _read_part(part)
    elif content:
        yield "content", content
    if message.get("refusal"):
        yield "refusal", message["refusal"]


def _read_part(part: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if part["type"] == "text":
        yield "content", part["text"]
    elif part["type"] == "thinking":
        yield "reasoning", "".join(piece["text"] for piece in part["thinking"])
    else:
        yield "part", part["type"]


def _join_texts(events: Iterable[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Join consecutive texts of one kind, and the pieces of one tool call."""
    joined: list[tuple[str, Any]] = []
    for kind, group in groupby(events, key=lambda event: event[0]):
        values = [value for _kind, value in group if value != ""]
        if kind in _TEXTS and values:
            joined.append((kind, "".join(values)))
        elif kind == "tool":
            joined += [(kind, call) for call in _join_calls(values)]
        else:
            joined += [(kind, value) for value in values]
    return joined


def _join_calls(pieces: Iterable[str]) -> list[str]:
    """Join the pieces of tool calls; each call begins with the function's name."""
    calls: list[str] = []
    for piece in pieces:
        if piece[0].isalpha() or not calls:
            calls.append(piece)
        else:
            calls[-1] += piece
    return calls
