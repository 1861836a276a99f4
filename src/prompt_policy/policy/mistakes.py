"""What pydantic finds wrong with a file, in the words of someone who edits YAML."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from prompt_policy.errors import Problem
from prompt_policy.policy.document import Policy
from prompt_policy.policy.yaml_text import Loc, Parsed
from prompt_policy.wire import JsonObject
from prompt_policy.yaml_model import YamlModel, shown

_EXPECTED: Final = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "tuple_type": "a list",
    "list_type": "a list",
    "date_type": "a date (YYYY-MM-DD)",
    "date_from_datetime_parsing": "a date (YYYY-MM-DD)",
    "date_parsing": "a date (YYYY-MM-DD)",
}
_MESSAGES: Final = {
    "missing": "is missing",
    "union_tag_not_found": "kind is missing",
    "too_short": "must not be empty",
    "string_too_short": "must not be empty",
}


def near(word: str, known: Sequence[str]) -> str:
    """Return ``" (did you mean 'x'?)"`` for the nearest known word, or nothing."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f" (did you mean '{close[0]}'?)" if close else ""


def mistakes(error: ValidationError, parsed: Parsed, model: type[YamlModel] = Policy) -> Iterator[Problem]:
    """Yield each mistake with its place in the file, which holds a ``model``."""
    schema = model.model_json_schema(by_alias=True)
    for detail in error.errors(include_url=False):
        loc = _in_file(detail["loc"], parsed)
        if detail["type"] == "union_tag_invalid":
            loc = (*loc, "kind")
        keys = _known_keys(schema, detail["loc"][:-1])
        yield parsed.problem(loc, _message(detail, keys))


def _in_file(loc: Loc, parsed: Parsed) -> Loc:
    """Drop what pydantic puts between: the tag of a union and the like."""
    kept: Loc = ()
    loc = loc[:-1] if loc and loc[-1] == "[key]" else loc
    for index, part in enumerate(loc):
        is_last = index == len(loc) - 1
        if (*kept, part) in parsed.places or (is_last and isinstance(part, str) and part not in _tags(parsed, kept)):
            kept = (*kept, part)
    return kept


def _tags(parsed: Parsed, loc: Loc) -> tuple[str, ...]:
    data = parsed.data
    for part in loc:
        data = data[part]
    kind = data.get("kind") if isinstance(data, dict) else None
    return (kind,) if isinstance(kind, str) else ()


def _message(detail: ErrorDetails, keys: Sequence[str]) -> str:
    kind, given, context = detail["type"], detail["input"], detail.get("ctx", {})
    if kind in _EXPECTED:
        return f"expected {_EXPECTED[kind]}, got {shown(given)}"
    if kind in _MESSAGES:
        return _MESSAGES[kind]
    if kind == "extra_forbidden":
        last = str(detail["loc"][-1])
        return f"unknown key '{last}'{near(last, keys)}"
    if kind == "union_tag_invalid":
        return f"unknown kind '{context['tag']}'{near(str(context['tag']), _words(context['expected_tags']))}"
    if kind == "literal_error":
        return f"expected {context['expected']}, got {shown(given)}{near(str(given), _words(context['expected']))}"
    if kind == "string_pattern_mismatch":
        return f"{shown(given)} does not match {context['pattern']}"
    return detail["msg"][:1].lower() + detail["msg"][1:]


def _words(listed: str) -> list[str]:
    """Split pydantic's ``'a', 'b' or 'c'``."""
    return [word.strip("'") for word in listed.replace(" or ", ", ").split(", ")]


def _known_keys(schema: JsonObject, loc: Loc) -> list[str]:
    """Follow a place through the JSON schema to the keys that are known there."""
    nodes = [schema]
    for part in loc:
        nodes = [child for node in nodes for child in _children(schema, node, part)]
    return [key for node in nodes for variant in _variants(schema, node) for key in variant.get("properties", {})]


def _variants(schema: JsonObject, node: JsonObject) -> Iterator[JsonObject]:
    if "$ref" in node:
        node = schema["$defs"][node["$ref"].rpartition("/")[2]]
    yield node
    for variant in (*node.get("anyOf", ()), *node.get("oneOf", ()), *node.get("allOf", ())):
        yield from _variants(schema, variant)


def _children(schema: JsonObject, node: JsonObject, part: str | int) -> Iterator[JsonObject]:
    for variant in _variants(schema, node):
        tags = variant.get("discriminator", {}).get("mapping", {})
        if part in tags:
            yield {"$ref": tags[part]}
        elif isinstance(part, int):
            yield variant.get("items", {})
        elif part in variant.get("properties", {}):
            yield variant["properties"][part]
        else:
            inner = variant.get("additionalProperties")
            yield from (
                each for each in (inner, *variant.get("patternProperties", {}).values()) if isinstance(each, dict)
            )
