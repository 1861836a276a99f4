"""Intervals: they hold, as often as they say, for few questions with several samples each."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from prompt_policy.bench import statistics
from prompt_policy.bench.statistics import Array

RUNS = 5_000
SIZES = [(30, 5), (100, 3), (100, 5), (200, 4)]
# Odds of a right answer differ from question to question: Beta(2.1, 0.9), of mean 0.7.
ALPHA, BETA, MEAN = 2.1, 0.9, 0.7


def odds(draw: np.random.Generator, count: int) -> Array:
    return draw.beta(ALPHA, BETA, (RUNS, count))


def answered(draw: np.random.Generator, chance: Array, samples: int) -> Array:
    return draw.binomial(samples, chance).astype(float)


@pytest.mark.parametrize(("count", "samples"), SIZES)
def test_the_interval_of_accuracy_holds(count: int, samples: int) -> None:
    draw = np.random.default_rng(count * 10 + samples)
    right = answered(draw, odds(draw, count), samples)
    made = statistics.share(right, np.full_like(right, samples))
    held = float(((made.low <= MEAN) & (made.high >= MEAN)).mean())
    assert 0.91 <= held <= 0.98


@pytest.mark.parametrize(("count", "samples"), SIZES)
def test_the_interval_of_the_paired_difference_holds(count: int, samples: int) -> None:
    draw = np.random.default_rng(count * 10 + samples + 1)
    off = odds(draw, count)
    on = off + 0.3 * draw.random((RUNS, count)) * (1 - off)  # a help of 0.15 of what is missing, here more, there less
    first, second = answered(draw, off, samples), answered(draw, on, samples)
    made = statistics.mean_difference((second - first) / samples)
    true = 0.15 * (1 - MEAN)
    held = float(((made.low <= true) & (made.high >= true)).mean())
    assert 0.91 <= held <= 0.98


@pytest.mark.parametrize(("count", "samples"), SIZES)
def test_no_effect_is_seldom_called_one(count: int, samples: int) -> None:
    draw = np.random.default_rng(count * 10 + samples + 2)
    chance = odds(draw, count)
    first, second = answered(draw, chance, samples), answered(draw, chance, samples)
    made = statistics.mean_difference((second - first) / samples)
    called = float(((made.low > 0) | (made.high < 0)).mean())
    assert called <= 0.075


def test_pooling_all_answers_would_not_hold() -> None:
    draw = np.random.default_rng(5)
    right = answered(draw, odds(draw, 30), 5).sum(axis=1)
    made = [stats.binomtest(int(n), 150).proportion_ci(method="wilson") for n in right[:1000]]
    assert np.mean([bounds.low <= MEAN <= bounds.high for bounds in made]) < 0.9


@pytest.mark.parametrize("right", [0.0, 5.0])
def test_all_alike_gives_an_interval_over_the_questions(right: float) -> None:
    made = statistics.share(np.full(20, right), np.full(20, 5.0))
    assert 0.1 < made.high - made.low < 0.25
    difference = statistics.mean_difference(np.zeros(20))
    assert (float(difference.low), float(difference.high)) == pytest.approx((-0.139, 0.139), abs=0.001)


def test_a_single_question_tells_nothing_of_a_difference() -> None:
    made = statistics.mean_difference(np.asarray([0.4]))
    assert (float(made.low), float(made.high)) == (-1, 1)


def test_the_smallest_detectable_difference_is_found_in_four_of_five_runs() -> None:
    draw = np.random.default_rng(7)
    differences = draw.normal(0, 0.3, (RUNS, 50))
    wanted = float(np.mean([statistics.smallest_detectable(row) for row in differences[:500]]))
    made = statistics.mean_difference(differences + wanted)
    assert float((made.low > 0).mean()) == pytest.approx(0.8, abs=0.03)
    assert math.isnan(statistics.smallest_detectable(np.zeros(20)))
    assert math.isnan(statistics.smallest_detectable(np.asarray([0.1])))


def test_the_mean_of_times() -> None:
    made = statistics.mean([1.0, 2.0, 3.0])
    assert made is not None
    low, high = stats.t.interval(0.95, 2, 2.0, stats.sem([1, 2, 3]))
    assert made == pytest.approx((2.0, low, high))
    assert statistics.mean([]) is None
    single = statistics.mean([4.0])
    assert single is not None
    assert math.isnan(single.low)


def test_a_ratio_is_geometric_and_its_interval_holds() -> None:
    made = statistics.ratio([(1.0, 2.0), (2.0, 1.0)])
    assert made is not None
    assert made.value == pytest.approx(1.0)
    assert statistics.ratio([(0.0, 1.0)]) is None
    draw = np.random.default_rng(3)
    held = 0
    for _ in range(200):
        before = draw.lognormal(0, 0.5, 60)
        after = before * 1.1 * draw.lognormal(0, 0.2, 60)
        found = statistics.ratio(list(zip(before, after, strict=True)))
        assert found is not None
        held += found.low <= 1.1 <= found.high
    assert held >= 180


@pytest.mark.parametrize(("at", "least"), [(0.5, 6), (0.95, 59), (0.99, 299)])
def test_a_percentile_needs_so_many_values(at: float, least: int) -> None:
    assert statistics.percentile([float(n) for n in range(least - 1)], at) is None
    assert statistics.percentile([float(n) for n in range(least)], at) is not None
    assert statistics.percentile([], at) is None


@pytest.mark.parametrize("at", [0.5, 0.95])
def test_the_interval_of_a_percentile_holds(at: float) -> None:
    draw = np.random.default_rng(11)
    true = float(stats.expon.ppf(at))
    made = [statistics.percentile(list(draw.exponential(1, 150)), at) for _ in range(1000)]
    held = np.mean([one is not None and one.low <= true <= one.high for one in made])
    assert held >= 0.93
