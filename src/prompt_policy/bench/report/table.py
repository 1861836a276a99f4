"""Render the results of a run as text tables, on request with the definitions of their rows."""

from __future__ import annotations

import io
import math
import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Console
from rich.table import Table

from prompt_policy.bench.analysis.metric_definitions import COMPARISON_METRICS, METRICS, MetricDefinition
from prompt_policy.bench.analysis.statistics import Interval
from prompt_policy.bench.analysis.summary import Summary
from prompt_policy.bench.analysis.verdict import describe_verdict, format_points
from prompt_policy.bench.report.export import DIFFERENCES, DISTRIBUTIONS, SCALARS, STATISTICS
from prompt_policy.bench.report.formats import format_amount, format_difference, format_latency, format_proportion

Row = tuple[str, list[str]]
_MAX_TABLE_WIDTH: Final = 1000
_GLOSSARY_HINT: Final = "--glossary defines the rows."
_PERCENTILES_NOTE: Final = (
    "Percentiles are nearest-rank. They are shown if a 95% interval of order statistics exists: from 6 values for P50, "
    "59 for P95, 299 for P99. Inter-token latency has enough values, so its percentiles are always shown."
)


def render_table(summary: Summary, width: int = 110, *, glossary: bool = False) -> str:
    """Return the verdict, the warnings and the metrics as text.

    Arguments:
        summary: the results.
        width: the maximum width of a line outside the tables.
        glossary: whether to define every row of the tables.
    """
    return "\n".join(_render_lines(summary, width, glossary)) + "\n"


def _render_lines(summary: Summary, width: int, glossary: bool) -> Iterator[str]:
    yield from textwrap.wrap(describe_verdict(summary), width)
    yield from (line for warning in summary.warnings for line in textwrap.wrap(f"warning: {warning}", width))
    yield ""
    yield from _align([("", list(summary.arms)), *build_arm_rows(summary)])
    for title, rows in build_comparison_rows(summary):
        yield ""
        yield from _align([(title, ["", "95% interval"]), *rows])
    for headings, rows in build_group_tables(summary):
        yield ""
        yield from _align([(headings[0], headings[1:]), *rows])
    yield ""
    if not glossary:
        yield _GLOSSARY_HINT
        return
    definitions = list_shown_definitions(summary)
    notes = [*(f"{definition.title}: {definition.text}" for definition in definitions), _PERCENTILES_NOTE]
    yield from (line for note in notes for line in textwrap.wrap(note, width, subsequent_indent="  "))


def list_shown_definitions(summary: Summary) -> Iterator[MetricDefinition]:
    """Yield the definitions of the metrics that the tables contain, in their order."""
    arm_titles = {part for title, _cells in build_arm_rows(summary) for part in (title, title.rpartition(", ")[0])}
    yield from (definition for definition in METRICS.values() if definition.title in arm_titles)
    titles = {title for _heading, rows in build_comparison_rows(summary) for title, _cells in rows}
    yield from (definition for definition in COMPARISON_METRICS.values() if definition.title in titles)


def build_group_tables(summary: Summary) -> Iterator[tuple[list[str], list[Row]]]:
    """Yield the headings and the rows of the accuracy by language and by family, if there is more than one."""
    main = summary.main_comparison
    for name, groups in (("language", summary.languages), ("family", summary.families)):
        if len(groups) < 2:
            continue
        difference = [f"{main.second} - {main.first}"] if main else []
        rows: list[Row] = []
        for group, result in groups.items():
            cells = [format_proportion(result.accuracies[arm]) for arm in summary.arms]
            pairs = [each for each in result.comparisons if main and each.second == main.second]
            cells += [format_difference(each.accuracy) for each in pairs if main and each.first == main.first]
            rows.append((f"{group} ({result.questions})", cells))
        yield [f"accuracy by {name}", *summary.arms, *difference], rows


def build_arm_rows(summary: Summary) -> Iterator[Row]:
    """Yield a row for each metric of the arms."""
    arms = list(summary.arms.values())
    for name in ("requests", "errors", "timeouts"):
        yield METRICS[name].title, [str(arm.counts[name]) for arm in arms]
    yield METRICS["accuracy"].title, [format_proportion(arm.accuracy) for arm in arms]
    if summary.has_form:
        yield METRICS["lenient_accuracy"].title, [format_proportion(arm.lenient_accuracy) for arm in arms]
    judged = ("not_judged",) if any(arm.counts["not_judged"] for arm in arms) else ()
    for name in ("no_answer", "truncated", "unverifiable", *judged):
        yield METRICS[name].title, [str(arm.counts[name]) for arm in arms]
    for name in DISTRIBUTIONS:
        unit = METRICS[name].unit
        for statistic in STATISTICS:
            title = f"{METRICS[name].title}, {statistic if statistic == 'mean' else statistic.upper()}"
            distributions = [arm.distributions[name] for arm in arms]
            yield title, [format_latency(getattr(each, statistic), each.mean, unit) for each in distributions]
    yield METRICS["stalls"].title, [str(arm.counts["stalls"]) for arm in arms]
    for name in SCALARS:
        values = [arm.scalars[name] for arm in arms]
        if any(value is not None for value in values):
            yield METRICS[name].title, [format_amount(value, METRICS[name].unit) for value in values]


def build_comparison_rows(summary: Summary) -> Iterator[tuple[str, list[Row]]]:
    """Yield the title and the rows of each comparison."""
    for comparison in summary.comparisons:
        rows: list[Row] = []
        detectable = comparison.detectable_difference
        for name, attribute in DIFFERENCES.items():
            difference: Interval | None = getattr(comparison, attribute)
            if difference is not None and (summary.has_form or name == "accuracy_difference"):
                bounds = f"{format_points(difference.low)} to {format_points(difference.high)}"
                rows.append((COMPARISON_METRICS[name].title, [f"{format_points(difference.value)} points", bounds]))
        if summary.has_form and comparison.form_share is not None:
            rows.append((COMPARISON_METRICS["form_share"].title, [f"{comparison.form_share + 0.0:.0%}", ""]))
        if detectable is not None:
            rows.append((COMPARISON_METRICS["detectable_difference"].title, [f"{detectable * 100:.1f} points", ""]))
        for name, ratio in comparison.ratios.items():
            if ratio is not None:
                bounds = "" if math.isnan(ratio.low) else f"{ratio.low:.3f} to {ratio.high:.3f}"
                rows.append((COMPARISON_METRICS[f"{name}_ratio"].title, [f"x {ratio.value:.3f}", bounds]))
        yield f"{comparison.second} against {comparison.first}", rows


def _align(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the rows as plain text in aligned columns."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for _ in range(1 + len(rows[0][1])):
        table.add_column(no_wrap=True)
    for title, cells in rows:
        table.add_row(title, *cells)
    text = io.StringIO()
    Console(file=text, width=_MAX_TABLE_WIDTH, markup=False, emoji=False, highlight=False).print(table)
    yield from (line.rstrip() for line in text.getvalue().splitlines())
