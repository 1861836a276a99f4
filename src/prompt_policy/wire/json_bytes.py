"""JSON as bytes, written so that every server can read it."""

from __future__ import annotations

import json

from pydantic_core import PydanticSerializationError, from_json, to_json

from prompt_policy.wire.values import Json


def encoded(value: Json) -> bytes:
    """Return compact JSON in UTF-8; half a surrogate pair, which UTF-8 cannot hold, stays an escape."""
    try:
        return to_json(value)
    except (PydanticSerializationError, ValueError):  # such a half, or nested more deeply than pydantic goes
        return _encoded_slowly(value)


def _encoded_slowly(value: Json) -> bytes:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def decoded(data: bytes) -> Json:
    """Return the value of some JSON, or None where it is none. Raise RecursionError where it is nested too deeply."""
    try:
        return from_json(data)
    except ValueError:  # half a surrogate pair, nested more deeply than pydantic goes, or no JSON
        return _decoded_slowly(data)


def _decoded_slowly(data: bytes) -> Json:
    try:
        return json.loads(data)
    except ValueError:
        return None
