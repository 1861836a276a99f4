"""The intervals of proportions have their nominal coverage for few questions with several samples each."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from prompt_policy.bench.analysis import proportions
from prompt_policy.bench.analysis.statistics import Array

RUNS = 5_000
SIZES = [(30, 5), (100, 3), (100, 5), (200, 4)]
# The probability of a correct answer differs between questions: Beta(2.1, 0.9), with mean 0.7.
ALPHA, BETA, MEAN = 2.1, 0.9, 0.7


def draw_probabilities(rng: np.random.Generator, count: int) -> Array:
    return rng.beta(ALPHA, BETA, (RUNS, count))


def simulate_answers(rng: np.random.Generator, probabilities: Array, samples: int) -> Array:
    return rng.binomial(samples, probabilities).astype(float)


@pytest.mark.parametrize(("count", "samples"), SIZES)
def test_the_accuracy_interval_has_its_coverage(count: int, samples: int) -> None:
    rng = np.random.default_rng(count * 10 + samples)
    correct = simulate_answers(rng, draw_probabilities(rng, count), samples)
    interval = proportions.proportion_ci(correct, np.full_like(correct, samples))
    coverage = float(((interval.low <= MEAN) & (interval.high >= MEAN)).mean())
    assert 0.91 <= coverage <= 0.98


@pytest.mark.parametrize(("count", "samples"), SIZES)
def test_the_paired_difference_interval_has_its_coverage(count: int, samples: int) -> None:
    rng = np.random.default_rng(count * 10 + samples + 1)
    off = draw_probabilities(rng, count)
    on = off + 0.3 * rng.random((RUNS, count)) * (1 - off)  # reduces the error rate by 15 % on average
    first, second = simulate_answers(rng, off, samples), simulate_answers(rng, on, samples)
    interval = proportions.difference_ci(first / samples, second / samples, samples)
    true = 0.15 * (1 - MEAN)
    coverage = float(((interval.low <= true) & (interval.high >= true)).mean())
    assert 0.91 <= coverage <= 0.98


@pytest.mark.parametrize(("count", "samples"), SIZES)
def test_a_policy_without_effect_is_rarely_called_different(count: int, samples: int) -> None:
    rng = np.random.default_rng(count * 10 + samples + 2)
    probabilities = draw_probabilities(rng, count)
    first, second = simulate_answers(rng, probabilities, samples), simulate_answers(rng, probabilities, samples)
    interval = proportions.difference_ci(first / samples, second / samples, samples)
    false_positives = float(((interval.low > 0) | (interval.high < 0)).mean())
    assert false_positives <= 0.075


@pytest.mark.parametrize(("count", "samples"), [(12, 1), (16, 1), (30, 1), (30, 2), (60, 5)])
def test_a_large_difference_has_a_possible_interval_with_coverage(count: int, samples: int) -> None:
    rng = np.random.default_rng(count * 10 + samples + 3)
    off, on = rng.beta(0.3, 4.7, (RUNS, count)), rng.beta(9, 1, (RUNS, count))
    first, second = (simulate_answers(rng, arm, samples) / samples for arm in (off, on))
    interval = proportions.difference_ci(first, second, samples)
    assert float(interval.high.max()) <= 1
    assert float(interval.low.min()) >= -1
    assert ((interval.low <= interval.value) & (interval.value <= interval.high)).all()
    coverage = float(((interval.low <= 0.84) & (interval.high >= 0.84)).mean())
    assert 0.92 <= coverage <= 0.98
    # Student's interval for the same runs contains differences that do not exist.
    if count <= 30 and samples == 1:
        differences = second - first
        students = differences.mean(axis=1) + 2 * differences.std(axis=1, ddof=1) / math.sqrt(count)
        assert float((students > 1).mean()) > 0.2


@pytest.mark.parametrize("table", [(90, 25, 10, 75), (5, 160, 2, 33), (120, 0, 0, 80), (0, 60, 70, 70)])
def test_with_one_sample_the_interval_is_newcombes(table: tuple[int, int, int, int]) -> None:
    both, second_only, first_only, neither = table
    n = sum(table)
    first = np.asarray([1.0] * both + [0.0] * second_only + [1.0] * first_only + [0.0] * neither)
    second = np.asarray([1.0] * both + [1.0] * second_only + [0.0] * first_only + [0.0] * neither)
    interval = proportions.difference_ci(first, second, 1)
    assert (float(interval.low), float(interval.high)) == pytest.approx(newcombe_method_10(*table), abs=0.002)
    assert float(interval.value) == pytest.approx((second_only - first_only) / n)


def newcombe_method_10(both: int, second_only: int, first_only: int, neither: int) -> tuple[float, float]:
    """Return the interval by the formula of Newcombe 1998 for a table of matched pairs."""
    n = both + second_only + first_only + neither
    successes = both + first_only, both + second_only
    bounds = [stats.binomtest(k, n).proportion_ci(method="wilson") for k in successes]
    p1, p2 = (k / n for k in successes)
    determinant: float = both * neither - second_only * first_only
    if determinant > 0:
        determinant = max(0, determinant - n / 2)
    phi = determinant / math.sqrt(successes[0] * (n - successes[0]) * successes[1] * (n - successes[1]))
    below = [p2 - bounds[1].low, bounds[0].high - p1]
    above = [bounds[1].high - p2, p1 - bounds[0].low]
    distances = [math.sqrt(a**2 + b**2 - 2 * phi * a * b) for a, b in (below, above)]
    return p2 - p1 - distances[0], p2 - p1 + distances[1]


@pytest.mark.parametrize(("count", "samples"), [(30, 1), (30, 5), (60, 5), (100, 3)])
def test_a_rare_effect_on_identical_samples_is_covered(count: int, samples: int) -> None:
    """At temperature 0, the samples of a question agree, and a policy may change the answer to few questions."""
    rng = np.random.default_rng(count * 10 + samples + 4)
    first = (rng.random((RUNS, count)) < 0.5).astype(float)
    second = np.where((first == 0) & (rng.random((RUNS, count)) < 0.1), 1.0, first)
    interval = proportions.difference_ci(first, second, samples)
    assert float(((interval.low <= 0.05) & (interval.high >= 0.05)).mean()) >= 0.94


def test_pooling_all_answers_would_lack_coverage() -> None:
    rng = np.random.default_rng(5)
    correct = simulate_answers(rng, draw_probabilities(rng, 30), 5).sum(axis=1)
    intervals = [stats.binomtest(int(n), 150).proportion_ci(method="wilson") for n in correct[:1000]]
    assert np.mean([interval.low <= MEAN <= interval.high for interval in intervals]) < 0.9


@pytest.mark.parametrize("correct", [0.0, 5.0])
def test_identical_results_give_an_interval_over_questions(correct: float) -> None:
    interval = proportions.proportion_ci(np.full(20, correct), np.full(20, 5.0))
    assert 0.1 < interval.high - interval.low < 0.25
    difference = proportions.difference_ci(np.full(20, correct / 5), np.full(20, correct / 5), 5)
    assert 0.1 < difference.high == -difference.low < 0.25


def test_a_single_question_gives_the_widest_interval() -> None:
    interval = proportions.difference_ci(np.asarray([0.2]), np.asarray([0.6]), 5)
    assert (float(interval.low), float(interval.high)) == (-1, 1)


def test_the_detectable_difference_is_detected_in_four_of_five_runs() -> None:
    rng = np.random.default_rng(7)
    probabilities = rng.uniform(0.2, 0.6, (RUNS, 50))
    first, same = (simulate_answers(rng, probabilities, 5) / 5 for _ in range(2))
    rows = (same - first)[:500]
    detectable = float(np.mean([proportions.smallest_detectable_difference(row) for row in rows]))
    better = simulate_answers(rng, probabilities + detectable, 5) / 5
    interval = proportions.difference_ci(first, better, 5)
    assert float((interval.low > 0).mean()) == pytest.approx(0.8, abs=0.04)
    assert math.isnan(proportions.smallest_detectable_difference(np.zeros(20)))
    assert math.isnan(proportions.smallest_detectable_difference(np.asarray([0.1])))
