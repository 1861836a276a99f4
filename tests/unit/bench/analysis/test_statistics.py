"""The intervals of means, ratios and percentiles have their nominal coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from prompt_policy.bench.analysis import statistics


def test_the_mean_has_students_interval() -> None:
    interval = statistics.mean_ci([1.0, 2.0, 3.0])
    assert interval is not None
    low, high = stats.t.interval(0.95, 2, 2.0, stats.sem([1, 2, 3]))
    assert interval == pytest.approx((2.0, low, high))
    assert statistics.mean_ci([]) is None
    single = statistics.mean_ci([4.0])
    assert single is not None
    assert math.isnan(single.low)


def test_a_ratio_is_geometric_and_its_interval_has_coverage() -> None:
    interval = statistics.ratio_ci([(1.0, 2.0), (2.0, 1.0)])
    assert interval is not None
    assert interval.value == pytest.approx(1.0)
    assert statistics.ratio_ci([(0.0, 1.0)]) is None
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(200):
        before = rng.lognormal(0, 0.5, 60)
        after = before * 1.1 * rng.lognormal(0, 0.2, 60)
        estimate = statistics.ratio_ci(list(zip(before, after, strict=True)))
        assert estimate is not None
        covered += estimate.low <= 1.1 <= estimate.high
    assert covered >= 180


def test_a_ratio_of_equal_or_single_pairs_has_an_interval() -> None:
    assert statistics.ratio_ci([(1.0, 1.5)] * 20) == pytest.approx((1.5, 1.5, 1.5))
    single = statistics.ratio_ci([(1.0, 1.5)])
    assert single is not None
    assert math.isnan(single.low)


@pytest.mark.parametrize(("quantile", "minimum"), [(0.5, 6), (0.95, 59), (0.99, 299)])
def test_a_percentile_needs_a_minimum_number_of_values(quantile: float, minimum: int) -> None:
    assert statistics.percentile_ci([float(n) for n in range(minimum - 1)], quantile) is None
    assert statistics.percentile_ci([float(n) for n in range(minimum)], quantile) is not None
    assert statistics.percentile_ci([], quantile) is None


@pytest.mark.parametrize("quantile", [0.5, 0.95])
def test_the_percentile_interval_has_its_coverage(quantile: float) -> None:
    rng = np.random.default_rng(11)
    true = float(stats.expon.ppf(quantile))
    intervals = [statistics.percentile_ci(list(rng.exponential(1, 150)), quantile) for _ in range(1000)]
    coverage = np.mean([interval is not None and interval.low <= true <= interval.high for interval in intervals])
    assert coverage >= 0.93
