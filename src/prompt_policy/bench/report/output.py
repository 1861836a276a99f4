"""Print the report of a record and write its files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import typer

from prompt_policy.bench.analysis.slo import parse_slo
from prompt_policy.bench.analysis.summary import Summary, summarize
from prompt_policy.bench.matching.expressions import compare_expressions
from prompt_policy.bench.matching.json_schema import validate_json
from prompt_policy.bench.matching.methods import Comparisons
from prompt_policy.bench.matching.timed_comparison import TimedComparison
from prompt_policy.bench.options import check_output_paths
from prompt_policy.bench.plan import BenchPlan
from prompt_policy.bench.record import read_record
from prompt_policy.bench.report.export import build_csv, build_json_report, flatten_metrics, list_metric_names
from prompt_policy.bench.report.table import render_table
from prompt_policy.bench.report.threshold import parse_thresholds
from prompt_policy.console import FINDINGS, print_json
from prompt_policy.errors import UsageError


@dataclass(frozen=True)
class ReportOptions:
    """Which output to produce, as given on the command line."""

    slo: str | None = None
    html: Path | None = None
    csv: Path | None = None
    as_json: bool = False
    glossary: bool = False
    fail_if: tuple[str, ...] = ()

    def check(self, plan: BenchPlan, record: Path) -> None:
        """Raise UsageError before a run if its record or its report could not be written afterwards."""
        check_output_paths(record, self.html, self.csv)
        parse_slo(self.slo or "")
        parse_thresholds(self.fail_if, list_metric_names(plan))


def print_report(path: Path, options: ReportOptions) -> int:
    """Print the report of a record and write its files; return the exit code."""
    record = read_record(path)
    thresholds = parse_thresholds(options.fail_if, list_metric_names(record.header.plan))
    slo = parse_slo(record.header.slo if options.slo is None else options.slo)
    with TimedComparison(compare_expressions) as expressions, TimedComparison(validate_json) as schemas:
        summary = summarize(record, slo, Comparisons(expressions, schemas))
    if options.as_json:
        print_json(build_json_report(summary))
    else:
        typer.echo(render_table(summary, glossary=options.glossary), nl=False)
    _write_files(summary, options)
    metrics = flatten_metrics(summary)
    crossed = [threshold for threshold in thresholds if threshold.holds(metrics)]
    for threshold in crossed:
        typer.echo(f"--fail-if {threshold.text}: it holds", err=True)
    return FINDINGS if crossed else 0


def _write_files(summary: Summary, options: ReportOptions) -> None:
    try:
        if options.html is not None:
            from prompt_policy.bench.report.html import render_page  # imports matplotlib, which takes a second

            options.html.write_text(render_page(summary), encoding="utf-8")
        if options.csv is not None:
            options.csv.write_text(build_csv(summary), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{error.filename}: {error.strerror}") from None
