"""Comparisons in a process that can be killed."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator

import pytest

from prompt_policy.bench.matching.expressions import compare_expressions
from prompt_policy.bench.matching.json_schema import validate_json
from prompt_policy.bench.matching.timed_comparison import TimedComparison


@pytest.fixture(scope="module")
def verifier() -> Iterator[TimedComparison]:
    with TimedComparison(compare_expressions, timeout_s=10) as started:
        yield started


@pytest.mark.parametrize(
    ("expected", "given", "equal"),
    [(r"\sqrt{8}", r"2\sqrt{2}", True), (r"x^2-1", r"(x-1)(x+1)", True), (r"\sqrt{2}", "1.5", False),
     (r"\{1,2\}", r"\{2,1\}", True), (r"\sqrt{2}", "no idea", False)],
)  # fmt: skip
def test_expressions_are_compared(verifier: TimedComparison, expected: str, given: str, equal: bool) -> None:
    assert verifier(expected, given) is equal


def test_a_comparison_that_times_out_is_killed_and_the_next_works() -> None:
    others = set(multiprocessing.active_children())
    with TimedComparison(compare_expressions, timeout_s=0.5) as verifier:
        assert verifier(r"\sqrt{8}", r"2\sqrt{2}") is True
        first = set(multiprocessing.active_children()) - others
        assert verifier("2^{2^{2^{2^{2^{2}}}}}", "3^{3^{3^{3^{3}}}}") is None
        assert verifier(r"\sqrt{18}", r"3\sqrt{2}") is True
        assert not first & set(multiprocessing.active_children())
    assert set(multiprocessing.active_children()) == others


def test_a_pattern_that_backtracks_forever_is_undecidable() -> None:
    schema = '{"type": "string", "pattern": "^(a+)+$"}'
    with TimedComparison(validate_json, timeout_s=1) as validate:
        assert validate(schema, '"aaaa"') is True
        assert validate(schema, f'"{"a" * 60}b"') is None
        assert validate(schema, '"b"') is False
