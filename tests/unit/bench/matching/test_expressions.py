"""Expressions compared by math-verify."""

from __future__ import annotations

import pytest

from prompt_policy.bench.matching.expressions import compare_expressions


@pytest.mark.parametrize(
    ("expected", "given", "equal"),
    [(r"\sqrt{8}", r"2\sqrt{2}", True), (r"\sqrt{2}", "1.5", False), (r"\sqrt{2}", "no idea", False), ("", "1", None)],
)
def test_expressions_are_equal_different_or_undecidable(expected: str, given: str, equal: bool | None) -> None:
    assert compare_expressions(expected, given) is equal
