"""What is wrong with a policy, in an editor's words."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from prompt_policy.policy.document import Policy
from prompt_policy.policy.mistakes import mistakes, near
from prompt_policy.policy.yaml_text import parse

HEAD = "version: 1\nname: a\n"


def lines(text: str) -> list[str]:
    parsed = parse((HEAD + text).encode(), "f")
    with pytest.raises(ValidationError) as caught:
        Policy.model_validate(parsed.data)
    return [str(problem) for problem in mistakes(caught.value, parsed)]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("rules: [{kind: reject, message: x}]", "f:3:9: rules[0].name: is missing"),
        ("rules: [{name: a}]", "f:3:9: rules[0]: kind is missing"),
        ("rules: [{name: a, kind: 3}]", "f:3:19: rules[0].kind: unknown kind '3'"),
        ("rules: [3]", "f:3:9: rules[0]: expected a mapping, got 3"),
        ("rules: {}", "f:3:1: rules: expected a list, got {}"),
        ("mode: enforced",
         "f:3:1: mode: expected 'enforce', 'audit' or 'off', got 'enforced' (did you mean 'enforce'?)"),
        ("description: 3", "f:3:1: description: expected a text, got 3"),
        ("description: no\nextends: ''", "f:4:1: extends: must not be empty"),
        ("sources: [{url: 'ftp://x', date: 2025-01-01, says: x}]",
         "f:3:12: sources[0].url: 'ftp://x' does not match ^https?://\\S+$"),
        ("sources: [{url: 'https://x', date: soon, says: x}]",
         "f:3:30: sources[0].date: expected a date (YYYY-MM-DD), got 'soon'"),
        ("applies_to: {modles: [x]}", "f:3:14: applies_to.modles: unknown key 'modles' (did you mean 'models'?)"),
        ("rules: [{name: a, kind: clamp, parameters: {top_p: {dflt: 1}}}]",
         "f:3:53: rules[0].parameters.top_p.dflt: unknown key 'dflt' (did you mean 'default'?)"),
        ("rules: [{name: a, kind: clamp, parameters: {model: {drop: true}}}]",
         "f:3:45: rules[0].parameters.model: 'model' cannot be changed by a clamp"),
        ("rules: [{name: a, kind: reject, message: x, when: {stream: no}}]",
         "f:3:52: rules[0].when.stream: expected true or false, got 'no'"),
        ("rules: [{name: a, kind: reject, message: x, when: {any: [{tsk: x}]}}]",
         "f:3:59: rules[0].when.any[0].tsk: unknown key 'tsk' (did you mean 'task'?)"),
        ("rules: [{name: a, kind: filter_whitespace, max_blank_lines: 1.5}]",
         "f:3:44: rules[0].max_blank_lines: expected a whole number, got 1.5"),
        ("tests: [{name: a, request: {}, expect: {firde: []}}]",
         "f:3:41: tests[0].expect.firde: unknown key 'firde' (did you mean 'fired'?)"),
    ],
)  # fmt: skip
def test_each_mistake_has_its_place_and_words(text: str, line: str) -> None:
    assert line in lines(text)


def test_a_future_version_is_refused() -> None:
    parsed = parse(b"version: 2\nname: a\nrules: []", "f")
    with pytest.raises(ValidationError) as caught:
        Policy.model_validate(parsed.data)
    assert [str(p) for p in mistakes(caught.value, parsed)] == ["f:1:1: version: expected 1, got 2"]


def test_what_is_far_from_every_word_gets_no_suggestion() -> None:
    assert near("xyz", ["clamp", "reject"]) == ""
    assert near("rejcet", ["clamp", "reject"]) == " (did you mean 'reject'?)"
