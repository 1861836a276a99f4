"""Intervals that hold for few questions with several samples each.

Answers to one question are alike, so that 30 questions with 5 samples are fewer than 150 questions. What is
estimated is the mean over questions like these. The last axis of every array is that of the questions; others are
kept, so that many runs can be reckoned at once. References: Wilson 1927; Korn and Graubard 1998 (effective sample
size); Miller 2024, arXiv 2411.00640 (paired differences, clustered errors).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import stats

Array: TypeAlias = npt.NDArray[np.float64]
LEVEL: Final = 0.95
POWER: Final = 0.8
_TAIL: Final = (1 + LEVEL) / 2
_RESAMPLES: Final = 10_000


class Intervals(NamedTuple):
    """Estimates with the bounds of their intervals."""

    value: Array
    low: Array
    high: Array


class Interval(NamedTuple):
    """An estimate with the bounds of its interval."""

    value: float
    low: float
    high: float


def share(right: Array, asked: Array) -> Intervals:
    """Return the share of right answers: Wilson's interval with the effective number of answers.

    Arguments:
        right: how many answers to each question are right.
        asked: how many there are.
    """
    questions, answers = asked.shape[-1], asked.sum(axis=-1)
    p = right.sum(axis=-1) / answers
    residuals = right - p[..., None] * asked
    variance = questions / max(1, questions - 1) * (residuals**2).sum(axis=-1) / answers**2
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = np.where(variance > 0, p * (1 - p) / variance, np.inf)
    # All right or all wrong tells nothing of how alike the answers are: then only questions count.
    effective = np.where((p == 0) | (p == 1), questions, effective)
    freedom = max(1, questions - 1)
    shrunk = (stats.t.ppf(_TAIL, np.maximum(1, answers - 1)) / stats.t.ppf(_TAIL, freedom)) ** 2
    return _wilson(p, np.minimum(effective, answers) * shrunk)


def _wilson(p: Array, n: Array) -> Intervals:
    z = float(stats.norm.ppf(_TAIL))
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return Intervals(p, np.maximum(0, centre - half), np.minimum(1, centre + half))


def mean_difference(differences: Array) -> Intervals:
    """Return the mean of differences, one for each question, with Student's interval.

    Where all are alike the spread is not known, and the interval is that of a share of which nothing was seen: it
    holds what happens to fewer questions than these could show.
    """
    questions = differences.shape[-1]
    value = differences.mean(axis=-1)
    if questions == 1:
        return Intervals(value, np.full_like(value, -1), np.full_like(value, 1))
    half = _factor(questions) * differences.std(axis=-1, ddof=1) / math.sqrt(questions)
    half = np.where(half > 0, half, 1 - (1 - LEVEL) ** (1 / questions))
    return Intervals(value, value - half, value + half)


def smallest_detectable(differences: Array) -> float:
    """Return the difference that four of five such runs would tell from none; NaN where no spread was seen."""
    questions = len(differences)
    if questions < 2 or not (spread := float(differences.std(ddof=1))):
        return math.nan
    error = spread / math.sqrt(questions)
    return (_factor(questions) + float(stats.t.ppf(POWER, questions - 1))) * error


def _factor(questions: int) -> float:
    return float(stats.t.ppf(_TAIL, questions - 1))


def mean(values: Sequence[float]) -> Interval | None:
    """Return the mean of values that do not depend on each other, with Student's interval; None for none."""
    if not values:
        return None
    if len(values) == 1:
        return Interval(values[0], math.nan, math.nan)
    array = np.asarray(values, dtype=float)
    half = _factor(len(values)) * float(array.std(ddof=1)) / math.sqrt(len(values))
    return Interval(float(array.mean()), float(array.mean()) - half, float(array.mean()) + half)


def ratio(pairs: Sequence[tuple[float, float]], seed: int = 0) -> Interval | None:
    """Return the geometric mean of second to first, with a bootstrap interval over the pairs; None for none."""
    logs = np.asarray([math.log(after / before) for before, after in pairs if before > 0 and after > 0])
    if not len(logs):
        return None
    drawn = np.random.default_rng(seed).integers(0, len(logs), (_RESAMPLES, len(logs)))
    low, high = np.quantile(logs[drawn].mean(axis=1), [1 - _TAIL, _TAIL])
    centre = float(np.exp(logs.mean()))
    return (
        Interval(centre, float(np.exp(low)), float(np.exp(high)))
        if len(logs) > 1
        else Interval(centre, math.nan, math.nan)
    )


def percentile(values: Sequence[float], at: float) -> Interval | None:
    """Return the nearest-rank percentile with the interval that two order statistics make.

    None where there are too few values for any such interval: below 59 for the 95th, 299 for the 99th.
    """
    n = len(values)
    if n == 0:
        return None
    high = min(n, int(stats.binom.ppf(_TAIL, n, at)) + 1)
    low = min(high - 1, int(stats.binom.ppf(1 - _TAIL, n, at)))
    while low >= 1 and stats.binom.cdf(high - 1, n, at) - stats.binom.cdf(low - 1, n, at) < LEVEL:
        low -= 1
    if low < 1:
        return None
    ranked = sorted(values)
    return Interval(ranked[max(0, math.ceil(at * n) - 1)], ranked[low - 1], ranked[high - 1])
