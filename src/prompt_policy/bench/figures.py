"""The figures of one arm; ``definitions`` says what each is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from prompt_policy.bench import statistics
from prompt_policy.bench.grading import Graded
from prompt_policy.bench.slo import Slo, keeps
from prompt_policy.bench.statistics import Array, Interval


class Spread(NamedTuple):
    """A time's mean and percentiles; None where there are too few values for the percentile's interval."""

    mean: Interval | None
    p50: Interval | None
    p95: Interval | None
    p99: Interval | None


class ArmFigures(NamedTuple):
    """The figures of one arm by name. Times in seconds."""

    counts: dict[str, int]
    plain: dict[str, float | None]
    spreads: dict[str, Spread]
    accuracy: Interval | None


def arm_figures(rows: Sequence[Graded], seconds: float, slo: Slo) -> ArmFigures:
    """Reckon an arm's figures.

    Arguments:
        rows: its requests.
        seconds: how long its blocks took.
        slo: what a good answer keeps.
    """
    whole = [row for row in rows if row.timing is not None]
    timings = [row.timing for row in rows if row.timing is not None]
    tokens = sum(timing.tokens for timing in timings)
    spent = sum(row.one.ended_s - row.one.sent_s for row in whole)
    right = sum(row.verdict == "correct" for row in rows)
    good = [row for row in whole if keeps(row.timing, slo)]
    # Times of answers to one question are alike, so the mean's interval is one over the questions.
    spreads = {
        name: _spread(rows, [(row.one.question, value) for row in whole if (value := _time(row, name)) is not None])
        for name in ("e2e", "ttft", "visible", "tpot")
    }
    gaps, weights = _gaps(whole)
    spreads["itl"] = Spread(*(_plain(each) for each in _weighted(gaps, weights)))
    return ArmFigures(
        _counts(rows, sum(timing.stalls for timing in timings)),
        {
            "longest_gap": max((timing.longest for timing in timings), default=None),
            "delay": _p95([timing.delay for timing in timings if timing.delay]),
            "tokens": tokens / len(timings) if timings else None,
            "tokens_per_second_request": _mean(timing.tokens / timing.e2e for timing in timings if timing.e2e),
            "tokens_per_second": _over(tokens, seconds),
            "requests_per_second": _over(len(whole), seconds),
            "in_flight": _over(spent, seconds),
            "goodput": _over(len(good), seconds) if slo else None,
            "correct_goodput": _over(sum(row.verdict == "correct" for row in good), seconds) if slo else None,
            "tokens_per_correct": _over(tokens, right),
            "seconds_per_correct": _over(spent, right),
        },
        spreads,
        accuracy_of(rows),
    )


def by_question(rows: Iterable[Graded]) -> dict[str, tuple[int, int]]:
    """Return how many answers to each question are right, and how many were graded."""
    found: dict[str, tuple[int, int]] = {}
    for row in rows:
        if row.verdict is not None:
            right, asked = found.get(row.one.question, (0, 0))
            found[row.one.question] = right + (row.verdict == "correct"), asked + 1
    return found


def accuracy_of(rows: Iterable[Graded]) -> Interval | None:
    """Return the share of right answers with its interval."""
    counted = by_question(rows)
    if not counted:
        return None
    array = np.asarray(list(counted.values()), dtype=float)
    made = statistics.share(array[:, 0], array[:, 1])
    return Interval(*(float(each) for each in made))


def _counts(rows: Sequence[Graded], stalls: int) -> dict[str, int]:
    verdicts = Counter(row.verdict for row in rows)
    troubles = Counter(row.one.trouble for row in rows)
    return {
        "requests": len(rows),
        "errors": len(rows) - troubles[None],
        "timeouts": troubles["timeout"],
        "correct": verdicts["correct"],
        "wrong": verdicts["wrong"],
        "no_answer": verdicts["no_answer"],
        "truncated": verdicts["truncated"],
        "unverifiable": verdicts["unverifiable"],
        "stalls": stalls,
    }


def _time(row: Graded, name: str) -> float | None:
    value: float | None = getattr(row.timing, name)
    return value


def _spread(rows: Sequence[Graded], values: Sequence[tuple[str, float]]) -> Spread:
    plain = [value for _question, value in values]
    questions: dict[str, list[float]] = {}
    for question, value in values:
        questions.setdefault(question, []).append(value)
    mean = statistics.mean([sum(each) / len(each) for each in questions.values()])
    if mean is not None:
        centre = sum(plain) / len(plain)
        mean = Interval(centre, mean.low + centre - mean.value, mean.high + centre - mean.value)
    return Spread(mean, *(statistics.percentile(plain, at) for at in (0.5, 0.95, 0.99)))


def _gaps(rows: Sequence[Graded]) -> tuple[Array, Array]:
    pairs = [pair for row in rows if row.timing is not None for pair in row.timing.gaps]
    array = np.asarray(pairs, dtype=float).reshape(-1, 2)
    return array[:, 0], array[:, 1]


def _weighted(gaps: Array, weights: Array) -> list[float | None]:
    """Return the mean and the percentiles of gaps, each of which stands for so many tokens."""
    if not len(gaps):
        return [None] * 4
    order = np.argsort(gaps)
    ranked, reached = gaps[order], np.cumsum(weights[order])
    at = [int(np.searchsorted(reached, share * reached[-1] * (1 - 1e-12))) for share in (0.5, 0.95, 0.99)]
    return [float(np.average(gaps, weights=weights)), *(float(ranked[index]) for index in at)]


def _plain(value: float | None) -> Interval | None:
    return None if value is None else Interval(value, float("nan"), float("nan"))


def _p95(values: Sequence[float]) -> float | None:
    return float(np.quantile(values, 0.95)) if values else None


def _mean(values: Iterable[float]) -> float | None:
    listed = list(values)
    return sum(listed) / len(listed) if listed else None


def _over(amount: float, of: float) -> float | None:
    return amount / of if of else None
