"""Values with their units and intervals."""

from __future__ import annotations

import math

import pytest

from prompt_policy.bench.analysis.metric_definitions import Unit
from prompt_policy.bench.analysis.statistics import Interval
from prompt_policy.bench.report.formats import format_amount, format_difference, format_latency, format_proportion


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(None, "s", "-"), (0.0123, "ms", "12.3 ms"), (1234.5, "tokens", "1234 tokens"), (123.45, "s", "123.5 s"),
     (1.5, "count", "1.500")],
)  # fmt: skip
def test_amounts_have_units_and_a_sensible_precision(value: float | None, unit: Unit, text: str) -> None:
    assert format_amount(value, unit) == text


def test_intervals_follow_their_value() -> None:
    assert format_proportion(Interval(0.5, 0.25, 0.755)) == "50.0% (25.0 to 75.5)"
    assert format_difference(Interval(-0.1, -0.2, 0.05)) == "-10.0 (-20.0 to +5.0)"
    assert format_latency(Interval(1.5, 1.25, 2), None, "s") == "1.500 s (1.250 to 2.000)"
    assert format_latency(Interval(1.5, math.nan, math.nan), None, "s") == "1.500 s"


def test_missing_values_are_marked() -> None:
    assert format_proportion(None) == format_difference(None) == format_latency(None, None, "s") == "-"
    assert format_latency(None, Interval(1, 1, 1), "s") == "n too small"
