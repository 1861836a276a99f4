"""JSON spelled as a hostile client would: numbers no float holds, halves of surrogate pairs, keys said twice."""

from __future__ import annotations

import json
from typing import Any


class Spelled(str):
    """A JSON value that is written letter by letter as it stands here."""

    __slots__ = ()


class Pairs(list[tuple[str, Any]]):
    """An object as key and value pairs, so that a key can come twice."""


def spelled(value: Any) -> str:
    """Return a value as JSON; what is in it may be Spelled or Pairs."""
    if isinstance(value, Spelled):
        return str(value)
    if isinstance(value, dict | Pairs):
        pairs = value.items() if isinstance(value, dict) else value
        return "{" + ", ".join(f"{json.dumps(key)}: {spelled(inner)}" for key, inner in pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(spelled(inner) for inner in value) + "]"
    return json.dumps(value, ensure_ascii=False) if _is_utf_8(value) else json.dumps(value)


def _is_utf_8(value: Any) -> bool:
    return not isinstance(value, str) or value.isascii() or value.encode(errors="replace").decode() == value


def nested(depth: int, inner: str = "1", *, key: str | None = None) -> Spelled:
    """Return a value nested in so many lists, or in objects under a key."""
    opening, closing = ("[", "]") if key is None else (f'{{"{key}":', "}")
    return Spelled(opening * depth + inner + closing * depth)
