"""The methods by which an answer is compared with the expected one."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, Literal, NamedTuple

from prompt_policy.bench.dataset.question import MatchMethod
from prompt_policy.bench.load.stream_timing import find_answer_start
from prompt_policy.bench.matching.answer_match import (
    answers_match,
    extract_answer,
    extract_final_line,
    parse_fraction,
)
from prompt_policy.bench.matching.json_schema import extract_json, find_schema_error
from prompt_policy.bench.matching.text_match import contains_words, extract_last_number, is_same_number
from prompt_policy.bench.matching.timed_comparison import CompareFunction
from prompt_policy.conditions.patterns import compile_search

MatchVerdict = Literal["correct", "wrong", "no_answer", "unverifiable"]
_VERDICTS: Final[dict[bool | None, MatchVerdict]] = {True: "correct", False: "wrong", None: "unverifiable"}
_cached_search = lru_cache(maxsize=1024)(compile_search)


class Comparisons(NamedTuple):
    """The comparisons that need a time limit."""

    expressions: CompareFunction
    schemas: CompareFunction


def find_expected_error(method: MatchMethod, expected: str) -> str:
    """Return why an expected answer cannot be used with a method; "" if it can."""
    if method == "last-number" and parse_fraction(expected) is None:
        return f"'{expected}' is not a number; use another match than last-number"
    if method == "regex":
        try:
            _cached_search(expected)
        except ValueError as error:
            return f"the pattern is invalid: {error}"
    return find_schema_error(expected) if method == "json-schema" else ""


def extract_response(content: str) -> str | None:
    """Return the answer after the reasoning; None if the reasoning is not closed."""
    start = find_answer_start(content)
    return None if start is None else content[start:].strip()


def match_response(method: MatchMethod, expected: str, response: str, comparisons: Comparisons) -> MatchVerdict:
    """Return the verdict on an answer after its reasoning, by any method but ``judge``."""
    if method == "contains":
        return _VERDICTS[contains_words(expected, response)]
    if method == "regex":  # in linear time, because the engine is an automaton
        return _VERDICTS[_cached_search(expected)(response)]
    given = _extract(method, response)
    if given is None:
        return "no_answer"
    if method == "last-number":
        return _VERDICTS[is_same_number(expected, given)]
    if method == "json-schema":
        return _VERDICTS[comparisons.schemas(expected, given)]
    return _VERDICTS[answers_match(expected, given, comparisons.expressions)]


def _extract(method: MatchMethod, response: str) -> str | None:
    if method == "last-number":
        return extract_last_number(response)
    if method == "json-schema":
        return extract_json(response)
    return extract_final_line(response) if method == "gsm8k" else extract_answer(response)
