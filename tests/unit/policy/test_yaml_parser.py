"""Parsing of YAML 1.2 text into data with positions."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import Any

import pytest

from prompt_policy.policy.yaml_parser import parse_yaml


def data(text: str) -> Any:
    parsed = parse_yaml(text.encode(), "f.yaml")
    assert parsed.problems == []
    return parsed.data


def problem(text: str | bytes) -> str:
    [found] = parse_yaml(text if isinstance(text, bytes) else text.encode(), "f.yaml").problems
    return str(found)


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        ("no", "no"), ("yes", "yes"), ("on", "on"), ("y", "y"), ("true", True), ("False", False), ("tRUE", "tRUE"),
        ("null", None), ("~", None), ("", None), ("Null", None), ("nULL", "nULL"),
        ("1", 1), ("010", 10), ("0o10", 8), ("0x1F", 31), ("-7", -7), ("+7", 7), ("1_000", "1_000"), ("1:30", "1:30"),
        ("1e5", 100000.0), ("1.5", 1.5), (".5", 0.5), ("5.", 5.0), ("-1.5E-3", -0.0015), ("1.2.3", "1.2.3"),
        (".inf", math.inf), ("-.Inf", -math.inf), ("inf", "inf"),
        ("2025-02-14", "2025-02-14"), ("=", "="), ("<<", "<<"), ("'1'", "1"), ('"true"', "true"), ("'~'", "~"),
    ],
)  # fmt: skip
def test_scalars_follow_the_core_schema(scalar: str, value: Any) -> None:
    read = data(f"key: {scalar}")["key"]
    assert read == value
    assert type(read) is type(value)


def test_nan_is_a_number() -> None:
    assert math.isnan(data("key: .nan")["key"])


def test_block_scalars_are_texts() -> None:
    assert data("a: |\n  1\nb: >-\n  true\n") == {"a": "1\n", "b": "true"}


def test_positions_count_from_one() -> None:
    parsed = parse_yaml(b"a:\n  - b: 1\n    c: [2, 3]\n", "f.yaml")
    assert parsed.positions[("a",)] == (1, 1)
    assert parsed.positions[("a", 0, "c")] == (3, 5)
    assert parsed.positions[("a", 0, "c", 1)] == (3, 12)
    assert parsed.position(("a", 0, "missing")) == (2, 5)


def test_a_merge_key_is_an_ordinary_key() -> None:
    assert data("a: &x {b: 1}\nc: {<<: *x}") == {"a": {"b": 1}, "c": {"<<": {"b": 1}}}


def test_aliases_are_followed() -> None:
    assert data("a: &x [1]\nb: *x") == {"a": [1], "b": [1]}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb: 2\na: 3", "f.yaml:3:1: a: duplicate key 'a', first set in line 1; remove one"),
        ("x:\n  a: 1\n  'a': 3", "f.yaml:3:3: x.a: duplicate key 'a', first set in line 2; remove one"),
        ("a: !!python/object:os.system x", "f.yaml:1:4: a: tag !!python/object:os.system is not allowed; "
         "write plain data"),
        ("a: !mine [1]", "f.yaml:1:4: a: tag !mine is not allowed; write plain data"),
        ("? [1]\n: 2", "f.yaml:1:3: a key is not a plain text; write it as one"),
        ("a:\n\t- b", "f.yaml:2:1: not YAML: a tab is used for indentation; use spaces"),
        ("a: [1\n", "f.yaml:2:1: not YAML: did not find expected ',' or ']'"),
        ("a: 1\n---\nb: 2", "f.yaml:2:1: not YAML: more than one document; keep one"),
        ("a: *x", "f.yaml:1:4: not YAML: found undefined alias"),
        ("", "f.yaml: is empty; write a mapping"),
        ("# only a comment", "f.yaml: is empty; write a mapping"),
        (b"a: 1\nb: \xff", "f.yaml:2:4: is not UTF-8; save the file as UTF-8"),
        (b"\xff\xfea\x00", "f.yaml:1:1: is not UTF-8; save the file as UTF-8"),
    ],
)  # fmt: skip
def test_errors_have_their_position(text: str | bytes, line: str) -> None:
    assert problem(text) == line


def test_a_control_character_is_an_error() -> None:
    assert "not YAML" in problem("a: \x00")


def test_a_byte_order_mark_is_ignored() -> None:
    assert parse_yaml("\ufeffa: 1".encode(), "f.yaml").data == {"a": 1}


def test_a_text_over_a_mebibyte_is_rejected() -> None:
    assert "is larger than 1 MiB" in problem(b"#" * (1024 * 1024 + 1))


def test_aliases_that_expand_too_far_are_rejected() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    assert "aliases expand to too many values" in problem("\n".join(lines))


def test_a_recursive_alias_is_rejected() -> None:
    assert "nested too deeply" in problem("a: &a [*a]")


@pytest.mark.parametrize("text", ["[" * 5000 + "]" * 5000, "a: " + "[" * 500 + "]" * 500, "- " * 3000 + "x"])
def test_deep_nesting_is_rejected(text: str) -> None:
    assert "nested too deeply" in problem(text)


@pytest.mark.parametrize("text", ["[" * 5000, "- " * 3000])
def test_unclosed_deep_nesting_is_an_error(text: str) -> None:
    assert parse_yaml(text.encode(), "f.yaml").problems != []


def test_several_errors_are_reported_at_once() -> None:
    assert len(parse_yaml(b"a: 1\na: 2\nb: !x 1\nb: 2", "f.yaml").problems) == 3


def test_each_alias_counts_its_text_again() -> None:
    text = f"a: &a {'x' * 500_000}\nb: [*a, *a, *a]"
    assert "aliases expand to too many values" in problem(text)
    assert data(f"a: &a {'x' * 500_000}\nb: *a")["b"] == "x" * 500_000


@pytest.mark.parametrize("number", ["1" + "0" * 400, "0x" + "f" * 4000, "0o" + "7" * 4000, "-" + "9" * 5000])
def test_a_number_too_long_for_python_is_not_an_integer(number: str) -> None:
    read = data(f"a: {number}")["a"]
    assert isinstance(read, str) or math.isinf(read)


DEEP = {
    "lists": "[" * 400_000 + "]" * 400_000,
    "maps": "{a: " * 200_000,
    "blocks": "- " * 400_000 + "x",
    "keys": "? " * 400_000,
}


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP)
def test_deep_texts_do_not_crash_the_process(text: str) -> None:
    """Uses another process, because the C parser of PyYAML 6.0.3 has no limit and would crash this one."""
    program = """
import sys
from prompt_policy.policy.yaml_parser import parse_yaml
print(parse_yaml(sys.stdin.buffer.read(), "f").problems)
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=False)
    assert (done.returncode, b"nested too deeply" in done.stdout) == (0, True)


def test_a_large_shallow_text_is_parsed() -> None:
    assert data(f"a: [{'x, ' * 5000}]\nb: {'y' * 5000}")["b"] == "y" * 5000
