"""JSON as bytes, written so that every server can read it."""

from __future__ import annotations

import json

from prompt_policy.wire.values import Json


def encoded(value: Json) -> bytes:
    """Return compact JSON in UTF-8; half a surrogate pair, which UTF-8 cannot hold, stays an escape."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def decoded(data: bytes) -> Json:
    """Return the value of some JSON, or None where it is none. Raise RecursionError where it is nested too deeply."""
    try:
        return json.loads(data)
    except ValueError:
        return None
