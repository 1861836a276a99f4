"""The JSON Schema of policy files, for editors: completion, and most mistakes while they are typed."""

from __future__ import annotations

from typing import Final

from prompt_policy.policy.document import Policy
from prompt_policy.wire import Json, JsonObject

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def schema() -> JsonObject:
    """Return the schema. It cannot say everything that ``check`` does: min above max, names that stand twice."""
    made = _closed(Policy.model_json_schema(by_alias=True))
    ruled = [{"required": ["rules"]}, {"required": ["extends"]}]
    return {"$schema": _DIALECT, **made, "title": "A prompt-policy file", "anyOf": ruled}


def _closed(value: Json) -> Json:
    """Return a schema in which names that fit no pattern are mistakes; pydantic leaves that open."""
    if isinstance(value, list):
        return [_closed(item) for item in value]
    if not isinstance(value, dict):
        return value
    closed = {key: _closed(item) for key, item in value.items()}
    return {**closed, "additionalProperties": False} if "patternProperties" in closed else closed
