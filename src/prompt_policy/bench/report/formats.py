"""Format values with their units and intervals."""

from __future__ import annotations

import math
from typing import Final

from prompt_policy.bench.analysis.metric_definitions import Unit
from prompt_policy.bench.analysis.statistics import Interval
from prompt_policy.bench.analysis.verdict import format_points

_TOO_FEW: Final = "n too small"
_NO_VALUE: Final = "-"


def format_proportion(interval: Interval | None) -> str:
    """Return a proportion in percent, with its interval."""
    if interval is None:
        return _NO_VALUE
    return f"{interval.value:.1%} ({interval.low * 100:.1f} to {interval.high * 100:.1f})"


def format_difference(interval: Interval | None) -> str:
    """Return a difference of proportions in points, with its interval."""
    if interval is None:
        return _NO_VALUE
    return f"{format_points(interval.value)} ({format_points(interval.low)} to {format_points(interval.high)})"


def format_latency(interval: Interval | None, mean: Interval | None, unit: Unit) -> str:
    """Return a mean or percentile with its interval. ``mean`` exists if there are any values."""
    if interval is None:
        return _NO_VALUE if mean is None else _TOO_FEW
    if math.isnan(interval.low):
        return format_amount(interval.value, unit)
    low, high = (format_amount(bound, unit).rpartition(" ")[0] for bound in (interval.low, interval.high))
    return f"{format_amount(interval.value, unit)} ({low} to {high})"


def format_amount(value: float | None, unit: Unit) -> str:
    """Return a value with its unit. A value in ``ms`` is passed in seconds."""
    if value is None:
        return _NO_VALUE
    if unit == "ms":
        return f"{value * 1000:.1f} ms"
    return f"{value:.{0 if value >= 1000 else 1 if value >= 100 else 3}f} {'' if unit == 'count' else unit}".rstrip()
