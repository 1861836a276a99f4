"""Translate the errors of pydantic and PyYAML into problems of a file, in the words of someone who edits YAML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from prompt_policy.conditions.when import When
from prompt_policy.errors import Problem, did_you_mean
from prompt_policy.policy.lint.known_parameters import KNOWN_PARAMETERS
from prompt_policy.policy.source_map import Loc, ParsedYaml
from prompt_policy.wire import JsonObject
from prompt_policy.yaml_model import YamlModel, format_value

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
    "missing": "is missing; add it",
    "union_tag_not_found": "kind is missing; add it",
    "too_short": "must not be empty",
    "string_too_short": "must not be empty",
}
_MERGE_KEY: Final = "unknown key '<<': YAML 1.2 has no merge keys; repeat the keys, or use `extends`"
_NESTED_KEYS: Final = {
    **dict.fromkeys(("model", "models", "match", "matches"), "applies_to.models"),
    **dict.fromkeys(("except", "exclude"), "applies_to.except"),
}
_CONDITIONS: Final = frozenset(field.alias or name for name, field in When.model_fields.items())
_CONTROL: Final = r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"


def encoding_problem(error: UnicodeDecodeError, text: bytes, file: str) -> Problem:
    """Return the problem of a text that is not UTF-8."""
    line = text.count(b"\n", 0, error.start) + 1
    column = error.start - (text.rfind(b"\n", 0, error.start) + 1) + 1
    return Problem(file, line, column, "", "is not UTF-8; save the file as UTF-8")


def syntax_problem(error: yaml.YAMLError, text: str, file: str) -> Problem:
    """Return the problem of a text that is not YAML, with the position that PyYAML reports."""
    mark = getattr(error, "problem_mark", None)
    message = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    if "cannot start any token" in message and mark and text[mark.index : mark.index + 1] == "\t":
        message = "a tab is used for indentation; use spaces"
    if message == "but found another document":
        message = "more than one document; keep one"
    if message == "exceeded maximum nesting depth":  # libyaml's own limit, a thousand levels
        message = "nested too deeply"
    if mark is None and (control := re.search(_CONTROL, text)):  # PyYAML's reader reports no position for these
        before = text[: control.start()]
        line, column = before.count("\n") + 1, control.start() - before.rfind("\n")
        character = repr(control.group())
        return Problem(file, line, column, "", f"not YAML: control character {character} is not allowed; remove it")
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    return Problem(file, line, column, "", f"not YAML: {message}")


def problems_from(error: ValidationError, parsed: ParsedYaml, model: type[YamlModel]) -> Iterator[Problem]:
    """Yield each validation error as a problem with its position. ``model`` is the model that was validated."""
    schema = model.model_json_schema(by_alias=True)
    for detail in error.errors(include_url=False):
        loc = _loc_in_file(detail["loc"], parsed, is_missing=detail["type"] == "missing")
        if _is_consequence(detail, loc, parsed.merge_keys):
            continue
        if detail["type"] == "union_tag_invalid":
            loc = (*loc, "kind")
        keys = _keys_at(schema, detail["loc"][:-1])
        yield parsed.problem(loc, _message(detail, keys))


def merge_key_problems(parsed: ParsedYaml) -> Iterator[Problem]:
    """Yield a problem for each merge key of YAML 1.1."""
    yield from (parsed.problem(loc, _MERGE_KEY) for loc in parsed.merge_keys)


def _is_consequence(detail: ErrorDetails, loc: Loc, merged: Sequence[Loc]) -> bool:
    """Return whether an error follows from another: from an invalid item of a list, or from a merge key."""
    if detail["type"] == "too_short" and detail["input"]:
        return True
    if detail["type"] == "missing":
        return (*loc[:-1], "<<") in merged
    return any(loc[: len(key)] == key or loc == key[:-1] for key in merged)


def _loc_in_file(loc: Loc, parsed: ParsedYaml, *, is_missing: bool) -> Loc:
    """Drop the parts that pydantic inserts and that are not in the file, such as the tag of a union.

    The last part is kept if the error is that it ``is_missing``.
    """
    kept: Loc = ()
    loc = loc[:-1] if loc and loc[-1] == "[key]" else loc
    for index, part in enumerate(loc):
        is_last = index == len(loc) - 1
        if (*kept, part) in parsed.positions or (is_last and is_missing):
            kept = (*kept, part)
    return kept


def _message(detail: ErrorDetails, keys: Sequence[str]) -> str:
    kind, given, context = detail["type"], detail["input"], detail.get("ctx", {})
    if kind in _EXPECTED:
        return f"expected {_EXPECTED[kind]}, got {format_value(given)}"
    if kind in _MESSAGES:
        return _MESSAGES[kind]
    if kind == "extra_forbidden":
        last = str(detail["loc"][-1])
        place = _suggest_place(last, keys)
        hint = did_you_mean(last, keys) if place is None else f" (did you mean '{place}'?)"
        return f"unknown key '{last}'{hint}"
    if kind == "union_tag_invalid":
        tag = str(context["tag"])
        return f"unknown kind '{tag}'{did_you_mean(tag, _words(context['expected_tags']))}"
    if kind == "literal_error":
        hint = did_you_mean(str(given), _words(context["expected"]))
        return f"expected {context['expected']}, got {format_value(given)}{hint}"
    if kind == "string_pattern_mismatch":
        return f"{format_value(given)} does not match {context['pattern']}"
    return detail["msg"][:1].lower() + detail["msg"][1:]


def _suggest_place(key: str, keys: Sequence[str]) -> str | None:
    """Return the nested key that probably was meant by a key that is unknown where it is."""
    if "applies_to" in keys:
        return _NESTED_KEYS.get(key)
    if "when" in keys and key in _CONDITIONS:
        return f"when.{key}"
    if "parameters" in keys and key in KNOWN_PARAMETERS and key != "tools":
        return f"parameters.{key}"
    return None


def _words(listed: str) -> list[str]:
    """Split pydantic's ``'a', 'b' or 'c'``."""
    return [word.strip("'") for word in listed.replace(" or ", ", ").split(", ")]


def _keys_at(schema: JsonObject, loc: Loc) -> list[str]:
    """Return the keys that the JSON schema allows at a location."""
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
