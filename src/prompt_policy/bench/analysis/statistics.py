"""Confidence intervals of means, ratios and percentiles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import stats

Array: TypeAlias = npt.NDArray[np.float64]
CONFIDENCE_LEVEL: Final = 0.95
UPPER_QUANTILE: Final = (1 + CONFIDENCE_LEVEL) / 2
_RESAMPLES: Final = 10_000


class Interval(NamedTuple):
    """An estimate with the bounds of its interval. NaN bounds: one value, so the interval is unknown."""

    value: float
    low: float
    high: float


def student_factor(values: int) -> float:
    """Return the quantile of Student's distribution for the mean of so many values."""
    return float(stats.t.ppf(UPPER_QUANTILE, values - 1))


def mean_ci(values: Sequence[float]) -> Interval | None:
    """Return the mean of independent values with Student's interval; None if there are no values."""
    if not values:
        return None
    if len(values) == 1:
        return Interval(values[0], math.nan, math.nan)
    array = np.asarray(values, dtype=float)
    mean = float(array.mean())
    half_width = student_factor(len(values)) * float(array.std(ddof=1)) / math.sqrt(len(values))
    return Interval(mean, mean - half_width, mean + half_width)


def ratio_ci(pairs: Sequence[tuple[float, float]], seed: int = 0) -> Interval | None:
    """Return the geometric mean of second / first with a percentile bootstrap interval over the pairs.

    None if no pair has two positive values.
    """
    logs = np.asarray([math.log(second / first) for first, second in pairs if first > 0 and second > 0])
    if not len(logs):
        return None
    value = float(np.exp(logs.mean()))
    if len(logs) == 1:
        return Interval(value, math.nan, math.nan)
    low, high = stats.bootstrap(
        (logs,), np.mean, confidence_level=CONFIDENCE_LEVEL, n_resamples=_RESAMPLES, method="percentile",
        random_state=np.random.default_rng(seed),
    ).confidence_interval  # fmt: skip
    return Interval(value, float(np.exp(low)), float(np.exp(high)))


def percentile_ci(values: Sequence[float], quantile: float) -> Interval | None:
    """Return the nearest-rank percentile with an interval between two order statistics.

    None if there are too few values for such an interval: fewer than 6 for the median, 59 for the 95th percentile,
    299 for the 99th.
    """
    n = len(values)
    if n == 0:
        return None
    high = min(n, int(stats.binom.ppf(UPPER_QUANTILE, n, quantile)) + 1)
    low = min(high - 1, int(stats.binom.ppf(1 - UPPER_QUANTILE, n, quantile)))
    while low >= 1 and _coverage(low, high, n, quantile) < CONFIDENCE_LEVEL:
        low -= 1
    if low < 1:
        return None
    ranked = sorted(values)
    return Interval(ranked[max(0, math.ceil(quantile * n) - 1)], ranked[low - 1], ranked[high - 1])


def _coverage(low: int, high: int, n: int, quantile: float) -> float:
    """Return the probability that the quantile lies between two order statistics, by rank."""
    return float(stats.binom.cdf(high - 1, n, quantile) - stats.binom.cdf(low - 1, n, quantile))
