"""One arm against another, paired by question."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from prompt_policy.bench import statistics
from prompt_policy.bench.figures import by_question
from prompt_policy.bench.grading import Graded
from prompt_policy.bench.record import BlockEnd
from prompt_policy.bench.statistics import Interval

_TIMES: Final = ("e2e", "ttft", "visible", "tpot", "tokens")


@dataclass(frozen=True)
class Comparison:
    """The second arm against the first."""

    first: str
    second: str
    questions: int
    """How many questions have graded answers in both."""
    accuracy: Interval | None
    detectable: float | None
    ratios: Mapping[str, Interval | None]
    """Of times, tokens and throughput: second / first."""

    @property
    def is_different(self) -> bool:
        """Whether the accuracies differ, as far as this run can tell."""
        return self.accuracy is not None and not self.accuracy.low <= 0 <= self.accuracy.high


def compared(first: str, second: str, graded: Mapping[str, Sequence[Graded]], blocks: Sequence[BlockEnd]) -> Comparison:
    """Compare two arms."""
    before, after = by_question(graded[first]), by_question(graded[second])
    both = [question for question in before if question in after]
    differences = np.asarray([_rate(after[question]) - _rate(before[question]) for question in both], dtype=float)
    accuracy = detectable = None
    if both:
        made = statistics.mean_difference(differences)
        accuracy = Interval(*(float(each) for each in made))
        detectable = statistics.smallest_detectable(differences)
    ratios = {name: statistics.ratio(_pairs(graded[first], graded[second], name)) for name in _TIMES}
    ratios["throughput"] = statistics.ratio(_throughputs(first, second, graded, blocks))
    known = None if detectable is None or math.isnan(detectable) else detectable
    return Comparison(first, second, len(both), accuracy, known, ratios)


def _rate(counted: tuple[int, int]) -> float:
    right, asked = counted
    return right / asked


def _pairs(first: Sequence[Graded], second: Sequence[Graded], name: str) -> list[tuple[float, float]]:
    before, after = _means(first, name), _means(second, name)
    return [(before[question], after[question]) for question in before if question in after]


def _means(rows: Sequence[Graded], name: str) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for row in rows:
        value = getattr(row.timing, name) if row.timing is not None else None
        if value is not None:
            found.setdefault(row.one.question, []).append(value)
    return {question: sum(values) / len(values) for question, values in found.items()}


def _throughputs(
    first: str, second: str, graded: Mapping[str, Sequence[Graded]], blocks: Sequence[BlockEnd]
) -> list[tuple[float, float]]:
    """Return the tokens per second of each block, in both arms."""
    rates: dict[str, dict[int, float]] = {}
    for arm in (first, second):
        tokens: dict[int, float] = {}
        for row in graded[arm]:
            tokens[row.one.block] = tokens.get(row.one.block, 0) + (row.timing.tokens if row.timing else 0)
        seconds: dict[int, float] = {}
        for block in blocks:
            if block.arm == arm:
                seconds[block.block] = seconds.get(block.block, 0) + block.seconds
        rates[arm] = {block: tokens.get(block, 0) / spent for block, spent in seconds.items() if spent}
    return [(rates[first][block], rates[second][block]) for block in rates[first] if block in rates[second]]
