"""The table at the end of a run, with its definitions."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

from prompt_policy.bench.definitions import DIFFERENCES, FIGURES, Unit
from prompt_policy.bench.flat import PLAIN, POINTS, SPREADS
from prompt_policy.bench.statistics import Interval
from prompt_policy.bench.summary import Summary
from prompt_policy.bench.verdict import points, verdict_words

Row = tuple[str, list[str]]
_TOO_FEW: Final = "n too small"
_NONE: Final = "-"


def table_text(summary: Summary, width: int = 110) -> str:
    """Return everything as text."""
    return "\n".join(_lines(summary, width)) + "\n"


def _lines(summary: Summary, width: int) -> Iterator[str]:
    yield from textwrap.wrap(verdict_words(summary), width)
    yield from (line for warning in summary.warnings for line in textwrap.wrap(f"warning: {warning}", width))
    yield ""
    rows = list(arm_rows(summary))
    yield from _aligned([("", list(summary.arms)), *rows])
    for title, others in difference_rows(summary):
        yield ""
        yield from _aligned([(title, ["", "95% interval"]), *others])
    yield ""
    yield from (
        line
        for definition in (*FIGURES.values(), *DIFFERENCES.values())
        for line in textwrap.wrap(f"{definition.title}: {definition.text}", width, subsequent_indent="  ")
    )
    yield from textwrap.wrap(
        "Percentiles are nearest-rank, and shown where a 95% interval of order statistics exists: from 6 values for "
        "P50, 59 for P95, 299 for P99; inter-token latency has so many that it is always shown.",
        width,
        subsequent_indent="  ",
    )


def arm_rows(summary: Summary) -> Iterator[Row]:
    """Yield a row for each figure of the arms."""
    arms = list(summary.arms.values())
    for name in ("requests", "errors", "timeouts"):
        yield FIGURES[name].title, [str(arm.counts[name]) for arm in arms]
    yield FIGURES["accuracy"].title, [_share(arm.accuracy) for arm in arms]
    for name in ("no_answer", "truncated", "unverifiable"):
        yield FIGURES[name].title, [str(arm.counts[name]) for arm in arms]
    for name in SPREADS:
        for point in POINTS:
            title = f"{FIGURES[name].title}, {point if point == 'mean' else point.upper()}"
            spreads = [arm.spreads[name] for arm in arms]
            yield title, [_time(getattr(spread, point), spread.mean, FIGURES[name].unit) for spread in spreads]
    yield FIGURES["stalls"].title, [str(arm.counts["stalls"]) for arm in arms]
    for name in PLAIN:
        values = [arm.plain[name] for arm in arms]
        if any(value is not None for value in values):
            yield FIGURES[name].title, [amount(value, FIGURES[name].unit) for value in values]


def difference_rows(summary: Summary) -> Iterator[tuple[str, list[Row]]]:
    """Yield the rows of each comparison, with its title."""
    for one in summary.comparisons:
        rows: list[Row] = []
        if one.accuracy is not None:
            low, high = points(one.accuracy.low), points(one.accuracy.high)
            told = [f"{points(one.accuracy.value)} points", f"{low} to {high}"]
            rows.append((DIFFERENCES["accuracy_difference"].title, told))
        if one.detectable is not None:
            rows.append((DIFFERENCES["detectable_difference"].title, [f"{one.detectable * 100:.1f} points", ""]))
        for name, interval in one.ratios.items():
            if interval is not None:
                bounds = "" if math.isnan(interval.low) else f"{interval.low:.3f} to {interval.high:.3f}"
                rows.append((DIFFERENCES[f"{name}_ratio"].title, [f"x {interval.value:.3f}", bounds]))
        yield f"{one.second} against {one.first}", rows


def _share(interval: Interval | None) -> str:
    if interval is None:
        return _NONE
    return f"{interval.value:.1%} ({interval.low * 100:.1f} to {interval.high * 100:.1f})"


def _time(interval: Interval | None, mean: Interval | None, unit: Unit) -> str:
    if interval is None:
        return _NONE if mean is None else _TOO_FEW
    if math.isnan(interval.low):
        return amount(interval.value, unit)
    bounds = [amount(bound, unit).rpartition(" ")[0] for bound in (interval.low, interval.high)]
    return f"{amount(interval.value, unit)} ({bounds[0]} to {bounds[1]})"


def amount(value: float | None, unit: Unit) -> str:
    """Return a figure with its unit; times are in seconds until here."""
    if value is None:
        return _NONE
    if unit == "ms":
        return f"{value * 1000:.1f} ms"
    return f"{value:.{0 if value >= 1000 else 1 if value >= 100 else 3}f} {'' if unit == 'count' else unit}".rstrip()


def _aligned(rows: Sequence[Row]) -> Iterator[str]:
    first = max(len(title) for title, _cells in rows)
    widths = [max(len(cells[at]) for _title, cells in rows) for at in range(len(rows[0][1]))]
    for title, cells in rows:
        line = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        yield f"{title.ljust(first)}  {line}".rstrip()
