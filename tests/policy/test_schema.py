"""The JSON Schema: accepts what loads, and rejects what is broken as far as a schema can tell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from prompt_policy.policy.schema import schema
from prompt_policy.policy.yaml_text import parse

ROOT = Path(__file__).parents[2]
GOOD = sorted([*(ROOT / "policies").glob("*.yaml"), *(ROOT / "examples").glob("*.yaml")])
BROKEN = sorted(Path(__file__).with_name("broken").glob("*.yaml"))
VALIDATOR = Draft202012Validator(schema(), format_checker=FormatChecker())
# What no schema can say: names that stand twice or lead elsewhere, numbers compared, an order, a pattern's inside.
BEYOND = {
    *("bad-pattern", "look-ahead", "circle-one", "circle-two", "extends-itself", "extends-nothing", "extends-outside"),
    *("default-out-of-bounds", "min-above-max", "infinite-number", "number-that-is-none", "doubled-pattern"),
    *("duplicate-rule", "filter-before-opening", "filter-that-keeps-all", "instruct-without-instruction"),
    *("removes-nothing", "source-for-nothing", "two-token-limits", "value-with-bounds"),
}


def data(file: Path) -> Any:
    """Return what a file says as JSON has it, or None where it is no YAML."""
    parsed = parse(file.read_bytes(), str(file))
    return None if parsed.problems else json.loads(json.dumps(parsed.data, default=str))


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("file", GOOD, ids=lambda file: file.stem)
def test_what_loads_is_accepted(file: Path) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(data(file))] == []


@pytest.mark.parametrize("file", BROKEN, ids=lambda file: file.stem)
def test_what_is_broken_is_rejected(file: Path) -> None:
    said = data(file)
    if said is not None:
        assert VALIDATOR.is_valid(said) is (file.stem in BEYOND)
