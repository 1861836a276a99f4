"""JSON as bytes, in a form that every server can parse."""

from __future__ import annotations

import json
from typing import Final

from pydantic_core import PydanticSerializationError, from_json, to_json

from prompt_policy.wire.values import Json

_LENIENT: Final = json.JSONDecoder(parse_int=float)  # accepts integers of any length


def dump_json(value: Json) -> bytes:
    """Return compact JSON in UTF-8; lone surrogates are kept as ``\\uXXXX`` escapes.

    Raise RecursionError if the value is nested too deeply.
    """
    try:
        return to_json(value)
    except (PydanticSerializationError, ValueError):  # a lone surrogate, or nested deeper than pydantic's limit
        return _dump_with_stdlib(value)


def _dump_with_stdlib(value: Json) -> bytes:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def load_json(data: bytes) -> Json:
    """Return the parsed value, or None if the data is not JSON. Raise RecursionError if it is nested too deeply."""
    try:
        return from_json(data)
    except ValueError:  # a lone surrogate, nested deeper than pydantic's limit, or not JSON
        return _load_with_stdlib(data)


def _load_with_stdlib(data: bytes) -> Json:
    try:
        return json.loads(data)
    except ValueError:
        return None


def lenient_parsers_accept(data: bytes) -> bool:
    """Return whether a more lenient parser may read an object from data that ``load_json`` rejects.

    Go and JavaScript replace invalid UTF-8 and accept integers of any length, and Go's decoder ignores trailing data.
    Raise RecursionError if the data is nested too deeply.
    """
    text = data.decode(json.detect_encoding(data), errors="replace")
    try:
        value, _end = _LENIENT.raw_decode(text.lstrip(" \t\r\n"))
    except ValueError:
        return False
    return isinstance(value, dict)
