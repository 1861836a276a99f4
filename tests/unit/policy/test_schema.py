"""The JSON Schema accepts valid policies, and rejects broken ones as far as a schema can."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from prompt_policy.policy.schema import build_schema
from prompt_policy.policy.yaml_parser import parse_yaml

ROOT = Path(__file__).parents[3]
GOOD = sorted([*(ROOT / "policies").glob("*.yaml"), *(ROOT / "examples").glob("*.yaml")])
BROKEN = sorted(Path(__file__).with_name("broken").glob("*.yaml"))
VALIDATOR = Draft202012Validator(build_schema(), format_checker=FormatChecker())
# Beyond a schema: duplicate names, references, comparisons of numbers, order, and the syntax of patterns.
BEYOND = {
    *("bad-pattern", "look-ahead", "cycle-one", "cycle-two", "extends-itself", "extends-nothing", "extends-outside"),
    *("default-out-of-bounds", "min-above-max", "infinite-number", "number-that-is-nan", "duplicate-pattern"),
    *("duplicate-rule", "filter-before-opening", "filter-that-keeps-all", "instruct-without-instruction"),
    *("fold-without-effect", "suffix-before-merge", "system-prompt-after-fold"),
    *("removes-nothing", "source-for-nothing", "two-token-limits", "value-with-bounds"),
    *("value-0-with-bounds", "value-false-with-bounds", "value-with-drop", "drop-with-default"),
    *("default-of-another-type", "default-true", "default-quoted", "default-list", "merge-key-in-a-case"),
    *("parameter-inside-a-value", "parameter-inside-a-drop", "parameter-inside-a-bound", "parameter-inside-a-default"),
    *("value-nan", "value-inf-inside", "default-inf", "value-of-400-digits", "bound-of-400-digits", "condition-nan"),
    *("engine-inf", "clamps-that-exclude-each-other", "clamps-under-one-condition", "clamp-after-a-value"),
    *("default-outside-earlier-bounds", "bounds-after-a-text", "two-values", "drop-and-value", "value-inside-a-value"),
    *("token-limits-that-exclude-each-other", "version-1.0"),
    *("append-after-a-removal", "append-and-remove-one-item", "append-nan", "append-with-a-default"),
    *("bound-of-a-reference", "list-of-a-token-limit", "max-of-in-a-circle", "max-of-itself", "minus-nan"),
    *("minus-negative", "minus-without-max-of", "rename-after-a-default", "rename-in-a-circle"),
    *("rename-into-earlier-bounds", "rename-to-itself", "rename-with-a-bound"),
}


def data(file: Path) -> Any:
    """Return a file's data as JSON data, or None if the file is not valid YAML."""
    parsed = parse_yaml(file.read_bytes(), str(file))
    return None if parsed.problems else json.loads(json.dumps(parsed.data, default=str))


def test_the_schema_is_valid() -> None:
    Draft202012Validator.check_schema(build_schema())


@pytest.mark.parametrize("file", GOOD, ids=lambda file: file.stem)
def test_valid_policies_are_accepted(file: Path) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(data(file))] == []


@pytest.mark.parametrize("file", BROKEN, ids=lambda file: file.stem)
def test_broken_policies_are_rejected(file: Path) -> None:
    content = data(file)
    if content is not None:
        assert VALIDATOR.is_valid(content) is (file.stem in BEYOND)
