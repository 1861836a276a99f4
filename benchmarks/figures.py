"""Figures with their spread and their targets: how they are told, saved and compared."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

_LEVEL: Final = 0.95


class Unavailable(Exception):
    """What a suite needs cannot be had here; the message says what."""


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
        """Return the figure of some measurements, at least two."""
        low, high = _interval(sorted(values))
        return cls(suite, name, unit, statistics.median(values), low, high, len(values), at_most, at_least)

    @property
    def verdict(self) -> str:
        """Whether the median meets its target; empty where there is none."""
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


def _interval(ordered: Sequence[float]) -> tuple[float, float]:
    """Return the bounds of the median's interval: as many values off each end as the binomial distribution allows."""
    number = len(ordered)
    off, tail = -1, 0.0
    while off + 1 < (number - 1) / 2 and tail + math.comb(number, off + 1) / 2**number <= (1 - _LEVEL) / 2:
        off += 1
        tail += math.comb(number, off) / 2**number
    off = max(off, 0)  # five values or fewer reach less than 95 % even with both ends
    return ordered[off], ordered[number - 1 - off]


def table(figures: Iterable[Figure], before: dict[tuple[str, str], Figure]) -> Iterator[str]:
    """Yield the lines of a table, a heading for each suite; with the figures of an earlier run beside them."""
    suite = ""
    for figure in figures:
        if figure.suite != suite:
            suite = figure.suite
            yield f"\n{suite:<76}{'median':>9}  {'95 %':<15}{'n':>4}  {'unit':<5}{'target':<9}\n"
        spread = f"{_shown(figure.low)}-{_shown(figure.high)}"
        line = f"{figure.name:<76}{_shown(figure.median):>9}  {spread:<15}{figure.number:>4}  {figure.unit:<5}"
        yield f"{line}{figure.target:<9}{figure.verdict}{_compared(figure, before)}".rstrip() + "\n"


def _shown(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _compared(figure: Figure, before: dict[tuple[str, str], Figure]) -> str:
    """Tell how a figure stands to that of an earlier run: changed only where the intervals lie apart."""
    old = before.get((figure.suite, figure.name))
    if old is None:
        return "  (new)" if before else ""
    apart = figure.low > old.high or figure.high < old.low
    return f"  was {_shown(old.median)}{', changed' if apart else ''}"


def saved(figures: Iterable[Figure], environment: dict[str, Any], path: Path) -> None:
    """Write figures to a file that a later run can be compared with."""
    rows = [figure._asdict() for figure in figures]
    path.write_text(json.dumps({"environment": environment, "figures": rows}, indent=1) + "\n")


def read(path: Path) -> dict[tuple[str, str], Figure]:
    """Return the figures of a saved run. Raise ValueError where the file holds none."""
    try:
        rows = [Figure(**row) for row in json.loads(path.read_text())["figures"]]
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: no saved run: {error}") from None
    return {(row.suite, row.name): row for row in rows}
