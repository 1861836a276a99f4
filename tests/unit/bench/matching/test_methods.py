"""The methods by which an answer is compared."""

from __future__ import annotations

import pytest

from prompt_policy.bench.dataset.question import MatchMethod
from prompt_policy.bench.matching.json_schema import validate_json
from prompt_policy.bench.matching.methods import Comparisons, extract_response, find_expected_error, match_response

COMPARISONS = Comparisons(lambda _expected, _given: None, validate_json)


@pytest.mark.parametrize(
    ("method", "expected", "response", "verdict"),
    [
        ("box", "42", r"\boxed{42} and 43", "correct"),
        ("box", "42", "#### 42", "correct"),
        ("box", "42", "42", "no_answer"),
        ("gsm8k", "42", "#### 42", "correct"),
        ("gsm8k", "42", r"\boxed{42}", "no_answer"),
        ("contains", "Paris", "It is Paris.", "correct"),
        ("contains", "Paris", "It is Lyon.", "wrong"),
        ("regex", r"(?i)\bparis\b", "PARIS!", "correct"),
        ("regex", r"^\d+$", "no", "wrong"),
        ("last-number", "0.5", "3 of 6 is 1/2", "correct"),
        ("last-number", "42", "42 or 43", "wrong"),
        ("last-number", "42", "no idea", "no_answer"),
        ("json-schema", '{"type": "array"}', "```json\n[1]\n```", "correct"),
        ("json-schema", '{"type": "array"}', "{}", "wrong"),
        ("json-schema", '{"type": "array"}', "a list", "no_answer"),
        ("json-schema", '{"$ref": "#/none"}', "[]", "unverifiable"),
    ],
)
def test_each_method_gives_its_verdict(method: MatchMethod, expected: str, response: str, verdict: str) -> None:
    assert match_response(method, expected, response, COMPARISONS) == verdict


def test_a_hostile_pattern_is_searched_in_linear_time() -> None:
    # A backtracking engine would need 2^100000 steps for this text.
    assert match_response("regex", "^(a+)+$", "a" * 100_000 + "b", COMPARISONS) == "wrong"


@pytest.mark.parametrize(
    ("method", "expected", "error"),
    [
        ("last-number", "many", "'many' is not a number"),
        ("regex", "(", "the pattern is invalid: unclosed group"),
        ("regex", r"(a)\1", "the pattern is invalid: backreferences are not supported"),
        ("json-schema", "{", "the schema is invalid JSON"),
        ("box", "many", ""),
        ("contains", "(", ""),
    ],
)
def test_an_unusable_expected_answer_is_described(method: MatchMethod, expected: str, error: str) -> None:
    found = find_expected_error(method, expected)
    assert found.startswith(error)
    assert bool(found) == bool(error)


def test_the_response_begins_after_the_reasoning() -> None:
    assert extract_response("<think>4</think> 5 ") == "5"
    assert extract_response("<think>4") is None
