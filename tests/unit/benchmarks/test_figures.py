"""Figures: intervals, units and targets."""

from __future__ import annotations

from typing import Any

import pytest
from benchmarks.figures import Figure


@pytest.mark.parametrize(
    ("number", "off"),
    [(1, 0), (2, 0), (5, 0), (6, 0), (8, 0), (9, 1), (12, 2), (15, 3), (20, 5)],  # the sign test's table
)
def test_median_has_the_interval_of_the_sign_test(number: int, off: int) -> None:
    figure = Figure.of("x", [float(value) for value in reversed(range(number))])
    assert (figure.low, figure.median, figure.high) == (off, (number - 1) / 2, number - 1 - off)


@pytest.mark.parametrize(
    ("target", "verdict"),
    [
        ({}, ""),
        ({"at_most": 2}, "met"),
        ({"at_most": 1.9}, "NOT MET"),
        ({"at_least": 2}, "met"),
        ({"at_least": 3}, "NOT MET"),
    ],
)
def test_median_decides_about_the_target(target: dict[str, Any], verdict: str) -> None:
    assert Figure.of("x", [1, 2, 3], **target).verdict == verdict


def test_seconds_are_shown_in_microseconds() -> None:
    figure = Figure.of_seconds("x", [1e-6, 2e-6, 4e-6], at_most=3)
    assert figure.median == pytest.approx(2)
    assert (figure.unit, figure.verdict) == ("µs", "met")


def test_counts_are_shown_in_thousands_with_their_spread() -> None:
    figure = Figure.of_count("x", 200_000, at_most=250)
    assert (figure.low, figure.median, figure.high) == pytest.approx((199, 200, 201))
    assert (figure.unit, figure.verdict) == ("k", "met")
