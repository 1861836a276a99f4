"""Confidence intervals of proportions that are valid for few questions with several samples each.

Answers to one question are alike, so 30 questions with 5 samples carry less information than 150 questions. The
estimated quantity is the mean over questions of the same kind. The last axis of every array is the axis of the
questions; the others are preserved, so many runs can be computed at once. References:

- Wilson, JASA 22 (1927), 209-212: the score interval of one proportion.
- Korn and Graubard, Survey Methodology 24 (1998), 193-201: the effective sample size of clustered answers.
- Newcombe, Statistics in Medicine 17 (1998), 2635-2650, method 10: the score interval of a paired difference, from the
  Wilson intervals of both proportions and their correlation, which is corrected for continuity.
- Zou and Donner, Statistics in Medicine 27 (2008), 1693-1702: the same construction from any two intervals (MOVER).
- Miller, arXiv 2411.00640 (2024): paired differences and clustered errors in evaluations of language models.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from scipy import stats

from prompt_policy.bench.analysis.statistics import UPPER_QUANTILE, Array, student_factor

POWER: Final = 0.8


class IntervalArrays(NamedTuple):
    """Estimates with the bounds of their intervals, one element per run."""

    value: Array
    low: Array
    high: Array


def proportion_ci(correct: Array, answers: Array) -> IntervalArrays:
    """Return the proportion of correct answers with Wilson's interval for the effective number of answers.

    Arguments:
        correct: the number of correct answers to each question.
        answers: the number of answers to each question.
    """
    questions, total = answers.shape[-1], answers.sum(axis=-1)
    p = correct.sum(axis=-1) / total
    freedom = max(1, questions - 1)
    shrinkage = (stats.t.ppf(UPPER_QUANTILE, np.maximum(1, total - 1)) / stats.t.ppf(UPPER_QUANTILE, freedom)) ** 2
    return _wilson_interval(p, _count_effective_answers(correct, answers) * shrinkage)


def _count_effective_answers(correct: Array, answers: Array) -> Array:
    """Return how many independent answers would determine the proportion as precisely as these."""
    questions, total = answers.shape[-1], answers.sum(axis=-1)
    p = correct.sum(axis=-1) / total
    residuals = correct - p[..., None] * answers
    variance = questions / max(1, questions - 1) * (residuals**2).sum(axis=-1) / total**2
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = np.where(variance > 0, p * (1 - p) / variance, np.inf)
    # If all or no answers are correct, their correlation is unknown: then only the questions count.
    bounded: Array = np.minimum(np.where((p == 0) | (p == 1), questions, effective), total)
    return bounded


def _wilson_interval(p: Array, n: Array) -> IntervalArrays:
    z = float(stats.norm.ppf(UPPER_QUANTILE))
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half_width = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return IntervalArrays(p, np.maximum(0, centre - half_width), np.minimum(1, centre + half_width))


def difference_ci(first: Array, second: Array, answers: float) -> IntervalArrays:
    """Return the mean difference of two accuracies per question, with Newcombe's interval for clustered answers.

    The bounds lie between -1 and 1, because they are built from Wilson's intervals of both accuracies.

    Arguments:
        first: the accuracy of the first arm for each question.
        second: that of the second arm for the same questions.
        answers: the mean number of answers to a question in an arm.
    """
    questions = first.shape[-1]
    difference = second.mean(axis=-1) - first.mean(axis=-1)
    if questions == 1:  # how much questions differ is unknown
        return IntervalArrays(difference, np.full_like(difference, -1), np.full_like(difference, 1))
    weights = np.full_like(first, answers)
    p1, low1, high1 = proportion_ci(first * answers, weights)
    p2, low2, high2 = proportion_ci(second * answers, weights)
    effective = np.minimum(*(_count_effective_answers(arm * answers, weights) for arm in (first, second)))
    correlation = _correlate(first, second, effective)
    below = _combine(p2 - low2, high1 - p1, correlation)
    above = _combine(high2 - p2, p1 - low1, correlation)
    return IntervalArrays(difference, difference - below, difference + above)


def _combine(first: Array, second: Array, correlation: Array) -> Array:
    """Return the distance of a bound of a difference from the distances of the two bounds that it is built from."""
    distance: Array = np.sqrt(np.maximum(0, first**2 + second**2 - 2 * correlation * first * second))
    return distance


def _correlate(first: Array, second: Array, answers: Array) -> Array:
    """Return the correlation of two arms over the questions, 0 if an arm does not vary.

    A positive covariance is reduced by half an answer, as in Newcombe's method 10. Without this correction, two arms
    with identical results would have an interval of width 0. ``answers`` is the effective number of answers: if all
    samples of a question agree, only one of them counts.
    """
    deviations = [arm - arm.mean(axis=-1, keepdims=True) for arm in (first, second)]
    covariance = (deviations[0] * deviations[1]).mean(axis=-1)
    covariance = np.where(covariance > 0, np.maximum(0, covariance - 1 / (2 * answers)), covariance)
    scale = np.sqrt((deviations[0] ** 2).mean(axis=-1) * (deviations[1] ** 2).mean(axis=-1))
    correlation: Array = np.divide(covariance, scale, out=np.zeros_like(scale), where=scale > 0)
    return correlation


def smallest_detectable_difference(differences: Array) -> float:
    """Return the true difference that four of five such runs would detect; NaN if the differences do not vary."""
    questions = len(differences)
    if questions < 2 or not (deviation := float(differences.std(ddof=1))):
        return math.nan
    error = deviation / math.sqrt(questions)
    return (student_factor(questions) + float(stats.t.ppf(POWER, questions - 1))) * error
