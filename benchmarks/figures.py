"""Measured figures: their medians, their intervals and their targets."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Final, NamedTuple, Self

_LEVEL: Final = 0.95
_COUNT_SPREAD: Final = 0.005  # of instructions: the largest difference between two runs of the same code


class Unavailable(Exception):
    """A suite needs something that this machine does not have; the message names it."""


class Figure(NamedTuple):
    """One measured figure: the median of ``number`` measurements, and the bounds of its 95 % interval.

    ``unit`` is ``x`` for a ratio. ``at_most`` and ``at_least`` are targets; a figure may have none.
    """

    suite: str
    name: str
    unit: str
    median: float
    low: float
    high: float
    number: int
    at_most: float | None = None
    at_least: float | None = None

    @classmethod
    def of(
        cls, name: str, values: Sequence[float], unit: str = "x", *, suite: str = "",
        at_most: float | None = None, at_least: float | None = None,
    ) -> Self:  # fmt: skip
        """Return the figure of one or more measurements."""
        low, high = _find_interval(sorted(values))
        return cls(suite, name, unit, statistics.median(values), low, high, len(values), at_most, at_least)

    @classmethod
    def of_seconds(cls, name: str, seconds: Sequence[float], *, at_most: float | None = None) -> Self:
        """Return the figure of some times, in microseconds."""
        return cls.of(name, [1e6 * each for each in seconds], "µs", at_most=at_most)

    @classmethod
    def of_count(cls, name: str, count: float, *, at_most: float | None = None) -> Self:
        """Return the figure of counted instructions, in thousands, with the spread of such counts."""
        low, high = sorted((count * (1 - _COUNT_SPREAD) / 1e3, count * (1 + _COUNT_SPREAD) / 1e3))
        return cls("", name, "k", count / 1e3, low, high, 1, at_most)

    @property
    def verdict(self) -> str:
        """Whether the median meets its target; empty without a target."""
        if self.at_most is None and self.at_least is None:
            return ""
        met = (self.at_most is None or self.median <= self.at_most) and (
            self.at_least is None or self.median >= self.at_least
        )
        return "met" if met else "NOT MET"

    @property
    def target(self) -> str:
        """The target in words."""
        if self.at_most is not None:
            return f"<= {self.at_most:g}"
        return "" if self.at_least is None else f">= {self.at_least:g}"


def _find_interval(ordered: Sequence[float]) -> tuple[float, float]:
    """Return the bounds of the median's interval, from the order statistics that the binomial distribution allows.

    ``prompt_policy.bench`` has the same interval, but needs SciPy, which processes under valgrind must not import.
    """
    number = len(ordered)
    cut, tail = -1, 0.0
    while cut + 1 < (number - 1) / 2 and tail + math.comb(number, cut + 1) / 2**number <= (1 - _LEVEL) / 2:
        cut += 1
        tail += math.comb(number, cut) / 2**number
    cut = max(cut, 0)  # with five values or fewer, even the whole range covers less than 95 %
    return ordered[cut], ordered[number - 1 - cut]
