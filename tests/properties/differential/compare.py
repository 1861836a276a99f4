"""What differs between two results, place by place. JSON in bytes is compared as JSON: its spacing may differ."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

_EVENT_END: Final = re.compile(r"(?:\r\n|\n|\r){2}")
_LINE_END: Final = re.compile(r"\r\n|\n|\r")
ABSENT: Final = "(absent)"


class Number(str):
    """A number as it is spelled: 1.0 is not 1.00, nor 1."""

    __slots__ = ()


class Difference(NamedTuple):
    """One place where two results differ."""

    path: str
    old: Any
    new: Any


def compare_results(old: str, new: str) -> list[Difference]:
    """Return the differences of two results, each a JSON text."""
    return [] if old == new else list(compare(json.loads(old), json.loads(new)))


def compare(old: Any, new: Any, path: str = "") -> Iterator[Difference]:
    """Yield the differences of two values."""
    if type(old) is type(new) and old == new and not isinstance(old, dict):
        return
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _compare_mappings(old, new, path)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _compare_lists(old, new, path)
    elif isinstance(old, str) and isinstance(new, str) and _is_json(old) and _is_json(new):
        yield from compare(_value(old), _value(new), path)
    else:
        yield Difference(path, old, new)


def _compare_mappings(old: dict[str, Any], new: dict[str, Any], path: str) -> Iterator[Difference]:
    for form, read in (("bytes", _value), ("stream", _events)):
        if set(old) == set(new) == {form}:
            if old != new:
                yield from compare(read(old[form]), read(new[form]), path)
            return
    for key in {**old, **new}:
        if key not in old or key not in new:
            yield Difference(f"{path}.{key}", old.get(key, ABSENT), new.get(key, ABSENT))
        else:
            yield from compare(old[key], new[key], f"{path}.{key}")
    if list(old) != list(new) and set(old) == set(new):
        yield Difference(f"{path} (order of keys)", list(old), list(new))


def _compare_lists(old: list[Any], new: list[Any], path: str) -> Iterator[Difference]:
    if len(old) == len(new):
        for place, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from compare(one, other, f"{path}[{place}]")
        return
    start = 0
    while start < min(len(old), len(new)) and not any(compare(old[start], new[start])):
        start += 1
    yield Difference(f"{path}[{start}:] of {len(old)} and {len(new)}", old[start:], new[start:])


def _is_json(text: str) -> bool:
    return text[:1] in ("{", "[") and not isinstance(text, Number)


def _value(text: str) -> Any:
    """Return the value of JSON as bytes, read as Latin-1, or of a text; the text itself if it is no JSON."""
    try:
        data = text.encode("latin-1")
    except UnicodeEncodeError:
        data = text.encode(errors="surrogatepass")
    try:
        return json.loads(
            data, parse_float=Number, parse_int=Number, parse_constant=Number, object_pairs_hook=_unique_or_pairs
        )
    except (ValueError, RecursionError):
        return f"(no JSON) {text}"


def _unique_or_pairs(pairs: list[tuple[str, Any]]) -> Any:
    unique = dict(pairs)
    return unique if len(unique) == len(pairs) else [list(pair) for pair in pairs]


def _events(pieces: Sequence[str]) -> dict[str, Any]:
    """Return a stream as its events, and how many of them are complete after each piece that the client receives."""
    pieces = [piece for piece in pieces if piece]
    whole = "".join(pieces)
    ends = [found.end() for found in _EVENT_END.finditer(whole)]
    starts = [0, *ends]
    texts = [whole[start:end] for start, end in zip(starts, [*ends, len(whole)], strict=True)]
    complete, read = [], 0
    for piece in pieces:
        read += len(piece)
        complete.append(sum(end <= read for end in ends))
    return {"events": [_event(text) for text in texts if text], "complete after each piece": complete}


def _event(text: str) -> Any:
    lines = _LINE_END.split(text)
    data = "\n".join(line[5:].removeprefix(" ") for line in lines if line.startswith("data:"))
    rest = [line for line in lines if line and not line.startswith("data:")]
    return {"data": _value(data), "rest": rest, "end": text[len(text.rstrip("\r\n")) :]}
