"""Write JSON that json.dumps does not: numbers beyond a float, lone surrogates, duplicate keys."""

from __future__ import annotations

import json
from typing import Any


class RawJson(str):
    """A JSON text that is written unchanged."""

    __slots__ = ()


class Pairs(list[tuple[str, Any]]):
    """An object as pairs of key and value, so that a key can be repeated."""


def write_json(value: Any) -> str:
    """Return a value, which may contain ``RawJson`` and ``Pairs``, as JSON."""
    if isinstance(value, RawJson):
        return str(value)
    if isinstance(value, dict | Pairs):
        pairs = value.items() if isinstance(value, dict) else value
        return "{" + ", ".join(f"{json.dumps(key)}: {write_json(inner)}" for key, inner in pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(write_json(inner) for inner in value) + "]"
    return json.dumps(value, ensure_ascii=False) if _is_utf_8(value) else json.dumps(value)


def _is_utf_8(value: Any) -> bool:
    return not isinstance(value, str) or value.isascii() or value.encode(errors="replace").decode() == value


def nest(depth: int, inner: str = "1", *, key: str | None = None) -> RawJson:
    """Return a value nested to a depth in lists, or in objects with a key."""
    opening, closing = ("[", "]") if key is None else (f'{{"{key}":', "}")
    return RawJson(opening * depth + inner + closing * depth)
