"""Answers that must be JSON of a schema."""

from __future__ import annotations

import pytest

from prompt_policy.bench.matching.json_schema import extract_json, find_schema_error, validate_json

CITY = '{"type": "object", "required": ["city"], "properties": {"city": {"const": "Paris"}}}'


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": 1}', '{"a": 1}'),
        ('Here it is:\n```json\n{"a": 1}\n```\nBye.', '{"a": 1}'),
        ("```\n1\n```\n```\n2\n```", "2"),
        ('It is {"a": 1}.', None),
        ("NaN", None),
        ("[" * 100_000, None),
        ("", None),
    ],
)
def test_the_json_is_the_whole_answer_or_its_last_fenced_block(text: str, found: str | None) -> None:
    assert extract_json(text) == found


@pytest.mark.parametrize(
    ("schema", "text", "valid"),
    [
        (CITY, '{"city": "Paris"}', True),
        (CITY, '{"city": "Lyon"}', False),
        (CITY, "[]", False),
        ('{"$ref": "http://127.0.0.1:1/schema.json"}', "1", None),
        ("no", "1", None),
    ],
)
def test_json_is_valid_invalid_or_undecidable(schema: str, text: str, valid: bool | None) -> None:
    assert validate_json(schema, text) is valid


@pytest.mark.parametrize(
    ("schema", "error"),
    [
        (CITY, ""),
        ("{", "the schema is invalid JSON"),
        ("1", "a JSON schema must be an object"),
        ('{"type": "text"}', "the JSON schema is invalid: 'text' is not valid"),
    ],
)
def test_an_invalid_schema_is_described(schema: str, error: str) -> None:
    found = find_schema_error(schema)
    assert found.startswith(error)
    assert bool(found) == bool(error)
