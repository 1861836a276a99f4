"""Thresholds for CI."""

from __future__ import annotations

import pytest

from prompt_policy.bench.report.threshold import parse_thresholds
from prompt_policy.errors import UsageError

METRICS = {"a": 1.0, "b_on": 2.0, "missing": None}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("a < 2", True), ("a < 1", False), ("a <= 1", True), ("a >= 1.5", False), ("b_on > 1", True), ("a == 1", True),
        ("a != 1", False), ("a > -0.05", True), ("  b_on>1e-3 ", True), ("a < .5", False),
    ],
)  # fmt: skip
def test_a_threshold_compares_a_metric_with_a_number(text: str, holds: bool) -> None:
    [threshold] = parse_thresholds([text], METRICS)
    assert threshold.holds(METRICS) is holds


def test_several_thresholds_are_independent() -> None:
    thresholds = parse_thresholds(["a > 1", "b_on > 1"], METRICS)
    assert [threshold.holds(METRICS) for threshold in thresholds] == [False, True]
    assert parse_thresholds([], METRICS) == []


@pytest.mark.parametrize("text", ["a > 1 or b_on > 1", "a > 1 and b_on > 1", "not a > 1"])
def test_combined_conditions_are_rejected_with_a_hint(text: str) -> None:
    with pytest.raises(UsageError, match=f"--fail-if {text}: conditions cannot be combined; repeat --fail-if"):
        parse_thresholds([text], METRICS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a <", "expected METRIC OPERATOR NUMBER"), ("a", "expected METRIC"), ("c < 1", "unknown metric 'c'"),
        ("b_off < 1", r"unknown metric 'b_off' \(did you mean 'b_on'"), ("a < b_on", "expected METRIC"),
        ("print(1) < 2", "expected METRIC"), ("a < 'x'", "expected METRIC"), ("a + 1 < 1", "expected METRIC"),
        ("a in b_on", "expected METRIC"), ("a < True", "expected METRIC"), ("(" * 500, "expected METRIC"),
        ("0 < a < 2", "expected METRIC"), ("", "expected METRIC"),
    ],
)  # fmt: skip
def test_other_conditions_are_rejected_before_the_run(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_thresholds([text], METRICS)


def test_a_metric_without_a_value_is_an_error() -> None:
    [threshold] = parse_thresholds(["missing > 1"], METRICS)
    with pytest.raises(UsageError, match="--fail-if missing > 1: missing has no value in this run"):
        threshold.holds(METRICS)
