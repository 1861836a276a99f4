"""JSON as bytes, written so that every server can read it."""

from __future__ import annotations

import json
from typing import Final

from pydantic_core import PydanticSerializationError, from_json, to_json

from prompt_policy.wire.values import Json

_LENIENT: Final = json.JSONDecoder(parse_int=float)  # which has no limit of digits


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


def is_object_to_others(data: bytes) -> bool:
    """Tell whether servers may read an object where ``decoded`` finds no JSON.

    Those in Go and JavaScript mend bytes that are no UTF-8 and read numbers of any length, and Go's decoder does not
    look at what comes after the first value. Raise RecursionError where it is nested too deeply.
    """
    text = data.decode(json.detect_encoding(data), errors="replace")
    try:
        value, _end = _LENIENT.raw_decode(text.lstrip(" \t\r\n"))
    except ValueError:
        return False
    return isinstance(value, dict)
