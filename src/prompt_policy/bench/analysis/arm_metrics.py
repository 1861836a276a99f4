"""Compute the metrics of one arm; ``metric_definitions`` defines each of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from prompt_policy.bench.analysis import statistics
from prompt_policy.bench.analysis.proportions import proportion_ci
from prompt_policy.bench.analysis.slo import Slo, meets_slo
from prompt_policy.bench.analysis.statistics import Array, Interval
from prompt_policy.bench.matching.grading import GradedRequest

_LATENCIES = ("e2e", "ttft", "visible", "tpot")


class Distribution(NamedTuple):
    """The mean and the percentiles of a latency, in seconds. None if there are too few values for an interval."""

    mean: Interval | None
    p50: Interval | None
    p95: Interval | None
    p99: Interval | None


class ArmMetrics(NamedTuple):
    """The metrics of one arm by name. Times are in seconds."""

    counts: dict[str, int]
    scalars: dict[str, float | None]
    distributions: dict[str, Distribution]
    accuracy: Interval | None
    lenient_accuracy: Interval | None
    """The accuracy if an answer is also correct by its last number."""


def compute_arm_metrics(rows: Sequence[GradedRequest], seconds: float, slo: Slo) -> ArmMetrics:
    """Compute the metrics of an arm.

    Arguments:
        rows: the requests of the arm.
        seconds: the total duration of its blocks.
        slo: the bounds that count for goodput; empty to compute none.
    """
    completed = [row for row in rows if row.timing is not None]
    stalls = sum(row.timing.stalls for row in completed if row.timing is not None)
    distributions = {name: _estimate_distribution(_read_latencies(completed, name)) for name in _LATENCIES}
    gaps, weights = _collect_gaps(completed)
    distributions["itl"] = Distribution(*(_without_bounds(value) for value in _summarize_weighted(gaps, weights)))
    return ArmMetrics(
        _count_outcomes(rows, stalls),
        _compute_scalars(rows, seconds, slo),
        distributions,
        estimate_accuracy(count_by_question(rows)),
        estimate_accuracy(count_by_question(rows, is_lenient=True)),
    )


def _compute_scalars(rows: Sequence[GradedRequest], seconds: float, slo: Slo) -> dict[str, float | None]:
    completed = [row for row in rows if row.timing is not None]
    timings = [row.timing for row in rows if row.timing is not None]
    tokens = sum(timing.tokens for timing in timings)
    busy_s = sum(row.request.ended_s - row.request.sent_s for row in completed)
    correct = sum(row.verdict == "correct" for row in rows)
    good = [row for row in completed if meets_slo(row.timing, slo)]
    delays = [timing.dispatch_delay for timing in timings if timing.dispatch_delay]
    return {
        "longest_gap": max((timing.longest_gap for timing in timings), default=None),
        "delay": float(np.quantile(delays, 0.95)) if delays else None,
        "tokens": _divide(tokens, len(timings)),
        "tokens_per_second_request": _mean(timing.tokens / timing.e2e for timing in timings if timing.e2e),
        "tokens_per_second": _divide(tokens, seconds),
        "requests_per_second": _divide(len(completed), seconds),
        "in_flight": _divide(busy_s, seconds),
        "goodput": _divide(len(good), seconds) if slo else None,
        "correct_goodput": _divide(sum(row.verdict == "correct" for row in good), seconds) if slo else None,
        "tokens_per_correct": _divide(tokens, correct),
        "seconds_per_correct": _divide(busy_s, correct),
    }


def count_by_question(rows: Iterable[GradedRequest], *, is_lenient: bool = False) -> dict[str, tuple[int, int]]:
    """Return the number of correct answers and of graded answers for each question.

    Arguments:
        rows: the requests of an arm.
        is_lenient: whether an answer is also correct by its last number.
    """
    counts: dict[str, tuple[int, int]] = {}
    for row in rows:
        if row.is_graded:
            correct, answers = counts.get(row.request.question, (0, 0))
            is_correct = row.verdict == "correct" or (is_lenient and row.is_form_wrong)
            counts[row.request.question] = correct + is_correct, answers + 1
    return counts


def estimate_accuracy(counts: Mapping[str, tuple[int, int]]) -> Interval | None:
    """Return the proportion of correct answers with its interval, by the counts of each question; None without any."""
    if not counts:
        return None
    array = np.asarray(list(counts.values()), dtype=float)
    estimate = proportion_ci(array[:, 0], array[:, 1])
    return Interval(*(float(value) for value in estimate))


def _count_outcomes(rows: Sequence[GradedRequest], stalls: int) -> dict[str, int]:
    verdicts = Counter(row.verdict for row in rows)
    failures = Counter(row.request.failure for row in rows)
    return {
        "requests": len(rows),
        "errors": len(rows) - failures[None],
        "timeouts": failures["timeout"],
        "correct": verdicts["correct"],
        "wrong": verdicts["wrong"],
        "no_answer": verdicts["no_answer"],
        "truncated": verdicts["truncated"],
        "unverifiable": verdicts["unverifiable"],
        "not_judged": verdicts["not_judged"],
        "stalls": stalls,
    }


def _read_latencies(rows: Sequence[GradedRequest], name: str) -> list[tuple[str, float]]:
    """Return the question of each request with one of its latencies."""
    return [(row.request.question, value) for row in rows if (value := getattr(row.timing, name)) is not None]


def _estimate_distribution(latencies: Sequence[tuple[str, float]]) -> Distribution:
    """Estimate a distribution. Latencies of one question are alike, so the mean's interval is over the questions."""
    values = [value for _question, value in latencies]
    by_question: dict[str, list[float]] = {}
    for question, value in latencies:
        by_question.setdefault(question, []).append(value)
    mean = statistics.mean_ci([sum(samples) / len(samples) for samples in by_question.values()])
    if mean is not None:
        overall = sum(values) / len(values)
        mean = Interval(overall, mean.low + overall - mean.value, mean.high + overall - mean.value)
    return Distribution(mean, *(statistics.percentile_ci(values, quantile) for quantile in (0.5, 0.95, 0.99)))


def _collect_gaps(rows: Sequence[GradedRequest]) -> tuple[Array, Array]:
    pairs = [pair for row in rows if row.timing is not None for pair in row.timing.gaps]
    array = np.asarray(pairs, dtype=float).reshape(-1, 2)
    return array[:, 0], array[:, 1]


def _summarize_weighted(gaps: Array, weights: Array) -> list[float | None]:
    """Return the mean and the percentiles of the gaps, each weighted by its number of tokens."""
    if not len(gaps):
        return [None] * 4
    order = np.argsort(gaps)
    ranked, cumulative = gaps[order], np.cumsum(weights[order])
    ranks = [
        int(np.searchsorted(cumulative, quantile * cumulative[-1] * (1 - 1e-12))) for quantile in (0.5, 0.95, 0.99)
    ]
    return [float(np.average(gaps, weights=weights)), *(float(ranked[rank]) for rank in ranks)]


def _without_bounds(value: float | None) -> Interval | None:
    return None if value is None else Interval(value, float("nan"), float("nan"))


def _mean(values: Iterable[float]) -> float | None:
    listed = list(values)
    return _divide(sum(listed), len(listed))


def _divide(dividend: float, divisor: float) -> float | None:
    return dividend / divisor if divisor else None
