"""Reports of a run: a table, a JSON file that later runs are compared with, and CSV."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from benchmarks.figures import Figure

SavedRun = Mapping[tuple[str, str], Figure]
COLUMNS: Final = (*Figure._fields, "verdict")


def format_table(figures: Iterable[Figure], before: SavedRun) -> Iterator[str]:
    """Yield the lines of a table with a heading for each suite, and the figures of an earlier run beside them."""
    suite = ""
    for figure in figures:
        if figure.suite != suite:
            suite = figure.suite
            yield f"\n{suite:<76}{'median':>9}  {'95 %':<15}{'n':>4}  {'unit':<5}{'target':<9}\n"
        spread = f"{_format(figure.low)}-{_format(figure.high)}"
        line = f"{figure.name:<76}{_format(figure.median):>9}  {spread:<15}{figure.number:>4}  {figure.unit:<5}"
        yield f"{line}{figure.target:<9}{figure.verdict}{_compare(figure, before)}".rstrip() + "\n"


def _format(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _compare(figure: Figure, before: SavedRun) -> str:
    """Return the change since an earlier run; it counts as changed only if the intervals do not overlap."""
    old = before.get((figure.suite, figure.name))
    if old is None:
        return "  (new)" if before else ""
    percent = f" ({100 * (figure.median / old.median - 1):+.1f} %)" if old.median else ""
    apart = figure.low > old.high or figure.high < old.low
    return f"  was {_format(old.median)}{percent}{', changed' if apart else ''}"


def save_run(figures: Iterable[Figure], environment: dict[str, Any], path: Path) -> None:
    """Write figures to a file that a later run can be compared with."""
    rows = [figure._asdict() for figure in figures]
    path.write_text(json.dumps({"environment": environment, "figures": rows}, indent=1) + "\n")


def read_run(path: Path) -> dict[tuple[str, str], Figure]:
    """Return the figures of a saved run by suite and name. Raise ValueError if the file is not one."""
    try:
        rows = [Figure(**row) for row in json.loads(path.read_text())["figures"]]
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is not a saved run: {error}") from None
    return {(row.suite, row.name): row for row in rows}


def write_csv(figures: Iterable[Figure], path: Path) -> None:
    """Write a row for each figure, with a header; a target that is not set is an empty field."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows((*figure, figure.verdict) for figure in figures)
