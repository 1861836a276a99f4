"""Validate an answer against a JSON schema with jsonschema."""

from __future__ import annotations

import json
import re
from typing import Final, Never

from prompt_policy.wire.values import Json

_FENCE: Final = re.compile(r"```(?:json)?[ \t]*\n(.*?)\n[ \t]*```", re.DOTALL)


def extract_json(text: str) -> str | None:
    """Return the JSON of an answer: the whole text, else its last fenced block; None if neither is JSON."""
    blocks = _FENCE.findall(text)
    return next((part for part in (text, *blocks[-1:]) if _is_json(part)), None)


def _is_json(text: str) -> bool:
    try:
        _parse(text)
    except (ValueError, RecursionError):
        return False
    return True


def find_schema_error(schema: str) -> str:
    """Return why a text is not a JSON schema; "" if it is one."""
    from jsonschema import SchemaError
    from jsonschema.validators import validator_for

    try:
        value = _parse(schema)
    except (ValueError, RecursionError) as error:
        return f"the schema is invalid JSON: {error}"
    if not isinstance(value, dict):
        return "a JSON schema must be an object"
    try:
        validator_for(value).check_schema(value)
    except SchemaError as error:
        return f"the JSON schema is invalid: {error.message}"
    return ""


def validate_json(schema: str, text: str) -> bool | None:
    """Return whether a JSON text is valid, without a time limit; None if a reference of the schema is unknown.

    References to other documents are not fetched. A pattern in the schema can take exponential time.
    """
    from jsonschema.validators import validator_for
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    if find_schema_error(schema):
        return None
    value = _parse(schema)
    registry: Registry[Json] = Registry()
    try:
        return bool(validator_for(value)(value, registry=registry).is_valid(_parse(text)))
    except (Unresolvable, RecursionError):
        return None


def _parse(text: str) -> Json:
    value: Json = json.loads(text, parse_constant=_reject_constant)
    return value


def _reject_constant(name: str) -> Never:
    raise ValueError(f"{name} is not JSON")
