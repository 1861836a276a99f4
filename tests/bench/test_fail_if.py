"""Conditions for CI."""

from __future__ import annotations

import pytest

from prompt_policy.bench.fail_if import FailIf
from prompt_policy.errors import UsageError

FIGURES = {"a": 1.0, "b": 2.0, "none": None, "zero": 0.0}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("a < b", True), ("a >= b", False), ("a + 1 == b", True), ("a < b < 3", True), ("not a > b", True),
        ("a > b or b > 1", True), ("a > b and b > 1", False), ("-a < 0.5", True), ("b / a > 1.5", True),
        ("a != 1", False), ("a * 2 - b <= 0", True),
    ],
)  # fmt: skip
def test_conditions_hold_or_not(text: str, holds: bool) -> None:
    assert FailIf(text, FIGURES).holds(FIGURES) is holds


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a <", "is no condition"), ("a", "expected comparisons"), ("c < 1", "no figure is named 'c'"),
        ("print(1) < 2", "expected comparisons"), ("a < 'x'", "expected comparisons"), ("a ** 9 < 1", "expected"),
        ("a in b", "expected comparisons"), ("a < True", "expected comparisons"), ("(" * 500, "is no condition"),
    ],
)  # fmt: skip
def test_anything_else_is_refused_before_the_run(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        FailIf(text, FIGURES)


def test_what_could_not_be_measured_is_said() -> None:
    with pytest.raises(UsageError, match="none could not be told from this run"):
        FailIf("none > 1", FIGURES).holds(FIGURES)
    with pytest.raises(UsageError, match="divides by 0"):
        FailIf("a / zero > 1", FIGURES).holds(FIGURES)
