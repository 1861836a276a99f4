"""Errors of pydantic and PyYAML as problems of a file."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from prompt_policy.policy.model import Policy
from prompt_policy.policy.validation_errors import merge_key_problems, problems_from
from prompt_policy.policy.yaml_parser import parse_yaml

HEAD = "version: 1\nname: a\n"


def lines(text: str) -> list[str]:
    parsed = parse_yaml((HEAD + text).encode(), "f")
    with pytest.raises(ValidationError) as caught:
        Policy.model_validate(parsed.data)
    return [str(problem) for problem in problems_from(caught.value, parsed, Policy)]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("rules: [{kind: reject, message: x}]", "f:3:9: rules[0].name: is missing; add it"),
        ("rules: [{name: a}]", "f:3:9: rules[0]: kind is missing; add it"),
        ("rules: [{name: a, kind: 3}]", "f:3:19: rules[0].kind: unknown kind '3'"),
        ("rules: [3]", "f:3:9: rules[0]: expected a mapping, got 3"),
        ("rules: {}", "f:3:1: rules: expected a list, got {}"),
        ("mode: enforced",
         "f:3:1: mode: expected 'enforce', 'audit' or 'off', got 'enforced' (did you mean 'enforce'?)"),
        ("description: 3", "f:3:1: description: expected a text, got 3"),
        ("description: no\nextends: ''", "f:4:1: extends: must not be empty"),
        ("sources: [{url: 'ftp://x', read: 2025-01-01, says: x}]",
         "f:3:12: sources[0].url: 'ftp://x' does not match ^https?://\\S+$"),
        ("sources: [{url: 'https://x', read: soon, says: x}]",
         "f:3:30: sources[0].read: expected a date (YYYY-MM-DD), got 'soon'"),
        ("applies_to: {modles: [x]}", "f:3:14: applies_to.modles: unknown key 'modles' (did you mean 'models'?)"),
        ("rules: [{name: a, kind: clamp, parameters: {top_p: {dflt: 1}}}]",
         "f:3:53: rules[0].parameters.top_p.dflt: unknown key 'dflt' (did you mean 'default'?)"),
        ("rules: [{name: a, kind: clamp, parameters: {model: {drop: true}}}]",
         "f:3:45: rules[0].parameters.model: 'model' is protected; a clamp cannot change it"),
        ("rules: [{name: a, kind: reject, message: x, when: {stream: no}}]",
         "f:3:52: rules[0].when.stream: expected true or false, got 'no'"),
        ("rules: [{name: a, kind: reject, message: x, when: {any: [{tsk: x}]}}]",
         "f:3:59: rules[0].when.any[0].tsk: unknown key 'tsk' (did you mean 'task'?)"),
        ("rules: [{name: a, kind: filter_whitespace, max_blank_lines: 1.5}]",
         "f:3:44: rules[0].max_blank_lines: expected a whole number, got 1.5"),
        ("rules: [{name: a, kind: reject, message: x, when: {task: }}]",
         "f:3:52: rules[0].when.task: has no value; set one, or remove the key"),
        ("rules: [{name: a, kind: reject, message: x, when: {parameters: {n: null}}}]",
         "f:3:65: rules[0].when.parameters.n: has no value; set one, or write {present: false} for an absent "
         "parameter"),
        ("rules: [{name: a, kind: clamp, parameters: {top_p: {max: }}}]",
         "f:3:53: rules[0].parameters.top_p.max: has no value; set one, or remove the key"),
        ("rules: [{name: a, kind: clamp, parameters: {top_p: 0.6}}]",
         "f:3:45: rules[0].parameters.top_p: expected a mapping, got 0.6 (did you mean {value: 0.6}?)"),
        ("model: x", "f:3:1: model: unknown key 'model' (did you mean 'applies_to.models'?)"),
        ("rules: [{name: a, kind: clamp, temperature: {max: 1}}]",
         "f:3:32: rules[0].temperature: unknown key 'temperature' (did you mean 'parameters.temperature'?)"),
        ("rules: [{name: a, kind: append_suffix, text: {cn: x}}]",
         "f:3:47: rules[0].text.cn: 'cn' is not an ISO 639-1 language code (did you mean 'zh'?)"),
        ("tests: [{name: a, request: {}, expect: {firde: []}}]",
         "f:3:41: tests[0].expect.firde: unknown key 'firde' (did you mean 'fired'?)"),
    ],
)  # fmt: skip
def test_each_error_has_its_position_and_message(text: str, line: str) -> None:
    assert line in lines(text)


def test_a_future_version_is_rejected() -> None:
    parsed = parse_yaml(b"version: 2\nname: a\nrules: []", "f")
    with pytest.raises(ValidationError) as caught:
        Policy.model_validate(parsed.data)
    assert [str(p) for p in problems_from(caught.value, parsed, Policy)] == ["f:1:1: version: expected 1, got 2"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rules: [{name: a, kind: reject, message: x, when: {endpoint: chatt}}]", ["f:3:52: rules[0].when.endpoint: "]),
        ("rules: [{name: a, kind: reject, message: x, when: {tags: [1, '']}}]",
         ["f:3:59: rules[0].when.tags[0]: expected a text", "f:3:62: rules[0].when.tags[1]: must not be empty"]),
        ("rules: [{name: a, kind: filter_whitespace, channels: [contents]}]", ["f:3:55: rules[0].channels[0]: "]),
        ("rules: [{name: a, kind: filter_whitespace, channels: []}]", ["f:3:44: rules[0].channels: must not be empty"]),
        ("rules: [{name: a, kind: reject, <<: {message: x}, when: {stream: no}}]",
         ["f:3:58: rules[0].when.stream: expected true or false"]),
    ],
)  # fmt: skip
def test_an_error_has_no_second_line_for_what_follows_from_it(text: str, expected: list[str]) -> None:
    found = lines(text)
    assert len(found) == len(expected)
    assert all(line.startswith(start) for line, start in zip(found, expected, strict=True))


def test_each_merge_key_is_named() -> None:
    parsed = parse_yaml(b"a: &x {b: 1}\nc: {<<: *x}\nd: {'<<': 1}", "f")
    [problem] = merge_key_problems(parsed)
    assert str(problem).startswith("f:2:5: c.<<: unknown key '<<': YAML 1.2 has no merge keys")
