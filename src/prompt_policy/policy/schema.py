"""The JSON Schema of policy files, with which an editor completes keys and marks most errors."""

from __future__ import annotations

from typing import Final

from prompt_policy.policy.model import Policy
from prompt_policy.wire import Json, JsonObject

_NULL: Final = {"type": "null"}
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def build_schema() -> JsonObject:
    """Return the JSON Schema of a policy file.

    A schema cannot express all checks of ``prompt-policy check``, such as min above max, or duplicate names.
    """
    schema = _forbid_nulls(_forbid_unknown_patterns(Policy.model_json_schema(by_alias=True)))
    alternatives = [{"required": ["rules"]}, {"required": ["extends"]}]
    return {"$schema": _DIALECT, **schema, "title": "A prompt-policy file", "anyOf": alternatives}


def _forbid_nulls(value: Json) -> Json:
    """Return a schema in which no key may be null; pydantic's schema allows null for a key that may be absent."""
    if isinstance(value, list):
        return [_forbid_nulls(item) for item in value]
    if not isinstance(value, dict):
        return value
    cleaned = {key: _forbid_nulls(item) for key, item in value.items() if (key, item) != ("default", None)}
    alternatives = cleaned.get("anyOf")
    if isinstance(alternatives, list) and _NULL in alternatives:
        kept = [alternative for alternative in alternatives if alternative != _NULL]
        del cleaned["anyOf"]
        cleaned |= kept[0] if len(kept) == 1 else {"anyOf": kept}
    return cleaned


def _forbid_unknown_patterns(value: Json) -> Json:
    """Return a schema that forbids keys that match no pattern; pydantic's schema allows them."""
    if isinstance(value, list):
        return [_forbid_unknown_patterns(item) for item in value]
    if not isinstance(value, dict):
        return value
    closed = {key: _forbid_unknown_patterns(item) for key, item in value.items()}
    return {**closed, "additionalProperties": False} if "patternProperties" in closed else closed
