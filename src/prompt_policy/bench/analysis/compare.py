"""Compare two arms, paired by question."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from prompt_policy.bench.analysis import statistics
from prompt_policy.bench.analysis.arm_metrics import count_by_question
from prompt_policy.bench.analysis.proportions import difference_ci, smallest_detectable_difference
from prompt_policy.bench.analysis.statistics import Array, Interval
from prompt_policy.bench.matching.grading import GradedRequest
from prompt_policy.bench.record import BlockEnd, Record

Counts = Mapping[str, tuple[int, int]]
"""The number of successes and of answers for each question."""

_PAIRED_METRICS: Final = ("e2e", "ttft", "visible", "tpot", "tokens")
_TIMES: Final = ("e2e", "ttft", "visible", "tpot", "throughput")


@dataclass(frozen=True)
class Comparison:
    """The second arm compared with the first."""

    first: str
    second: str
    questions: int
    """The number of questions that have graded answers in both arms."""
    accuracy: Interval | None
    """The accuracy of the second arm minus that of the first."""
    lenient_accuracy: Interval | None
    """The same difference if an answer is also correct by its last number."""
    form_difference: Interval | None
    """The part of the difference in accuracy that is form: ``accuracy`` minus ``lenient_accuracy``."""
    detectable_difference: float | None
    """The smallest difference in accuracy that this run could have detected; None if unknown."""
    ratios: Mapping[str, Interval | None]
    """Second arm divided by first arm, for latencies, tokens and throughput."""

    @property
    def is_different(self) -> bool:
        """Whether the interval of the accuracy difference excludes 0."""
        return _excludes_zero(self.accuracy)

    @property
    def form_share(self) -> float | None:
        """The share of the difference in accuracy that is form; None if no difference was shown."""
        if self.accuracy is None or self.form_difference is None or not self.is_different:
            return None
        return self.form_difference.value / self.accuracy.value

    @property
    def is_partly_form(self) -> bool:
        """Whether the interval of the difference in form excludes 0."""
        return _excludes_zero(self.form_difference)


def _excludes_zero(interval: Interval | None) -> bool:
    return interval is not None and not interval.low <= 0 <= interval.high


def compare_arms(first: str, second: str, rows: Mapping[str, Sequence[GradedRequest]], record: Record) -> Comparison:
    """Compare two arms by name. Times are compared only if the order of the arms alternates between blocks.

    Otherwise, drift of the server affects one arm only.

    Arguments:
        first: the arm to compare with.
        second: the arm that is compared.
        rows: the graded requests of every arm.
        record: the record of the run, whose completed blocks determine the throughput.
    """
    counts = [count_by_question(rows[arm]) for arm in (first, second)]
    common = [question for question in counts[0] if question in counts[1]]
    accuracy = estimate_difference(*counts)
    lenient_counts = [count_by_question(rows[arm], is_lenient=True) for arm in (first, second)]
    lenient = estimate_difference(*lenient_counts)
    form = estimate_difference(_subtract(lenient_counts[1], counts[1]), _subtract(lenient_counts[0], counts[0]))
    detectable = _detectable_difference(*counts)
    ratios: dict[str, Interval | None] = dict.fromkeys(_TIMES)
    is_counterbalanced = record.header.is_counterbalanced
    names = _PAIRED_METRICS if is_counterbalanced else ("tokens",)
    ratios |= {name: statistics.ratio_ci(_pair_by_question(rows[first], rows[second], name)) for name in names}
    if is_counterbalanced:
        ratios["throughput"] = statistics.ratio_ci(_pair_throughputs(first, second, rows, record.blocks))
    return Comparison(first, second, len(common), accuracy, lenient, form, detectable, ratios)


def _subtract(lenient: Counts, strict: Counts) -> Counts:
    """Return the counts of the answers that are right, but not in the requested form."""
    return {question: (correct - strict[question][0], answers) for question, (correct, answers) in lenient.items()}


def estimate_difference(first: Counts, second: Counts) -> Interval | None:
    """Return the mean difference of two proportions, paired by question; None without common questions."""
    proportions = _pair_proportions(first, second)
    if not proportions.size:
        return None
    answers = [arm[question][1] for arm in (first, second) for question in first if question in second]
    interval = difference_ci(proportions[0], proportions[1], sum(answers) / len(answers))
    return Interval(*(float(value) for value in interval))


def _detectable_difference(first: Counts, second: Counts) -> float | None:
    proportions = _pair_proportions(first, second)
    detectable = smallest_detectable_difference(proportions[1] - proportions[0])
    return None if math.isnan(detectable) else detectable


def _pair_proportions(first: Counts, second: Counts) -> Array:
    """Return the proportions of both arms, one column for each question that both arms have."""
    pairs = [
        (first[question][0] / first[question][1], second[question][0] / second[question][1])
        for question in first
        if question in second
    ]
    return np.asarray(pairs, dtype=float).reshape(-1, 2).T


def _pair_by_question(
    first: Sequence[GradedRequest], second: Sequence[GradedRequest], name: str
) -> list[tuple[float, float]]:
    first_means, second_means = _mean_by_question(first, name), _mean_by_question(second, name)
    return [(first_means[question], second_means[question]) for question in first_means if question in second_means]


def _mean_by_question(rows: Sequence[GradedRequest], name: str) -> dict[str, float]:
    samples: dict[str, list[float]] = {}
    for row in rows:
        value = getattr(row.timing, name) if row.timing is not None else None
        if value is not None:
            samples.setdefault(row.request.question, []).append(value)
    return {question: sum(values) / len(values) for question, values in samples.items()}


def _pair_throughputs(
    first: str, second: str, rows: Mapping[str, Sequence[GradedRequest]], blocks: Sequence[BlockEnd]
) -> list[tuple[float, float]]:
    """Return the tokens per second of each block, in both arms."""
    rates: dict[str, dict[int, float]] = {}
    for arm in (first, second):
        tokens: dict[int, float] = {}
        for row in rows[arm]:
            block = row.request.block
            tokens[block] = tokens.get(block, 0) + (row.timing.tokens if row.timing else 0)
        seconds: dict[int, float] = {}
        for ended in blocks:
            if ended.arm == arm:
                seconds[ended.block] = seconds.get(ended.block, 0) + ended.seconds
        rates[arm] = {block: tokens.get(block, 0) / duration for block, duration in seconds.items() if duration}
    return [(rates[first][block], rates[second][block]) for block in rates[first] if block in rates[second]]
