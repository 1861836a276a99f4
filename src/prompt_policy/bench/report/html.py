"""Render the report as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from prompt_policy.bench.analysis.summary import Summary
from prompt_policy.bench.analysis.verdict import describe_verdict
from prompt_policy.bench.report.plots import plot_families, plot_latency, plot_tokens
from prompt_policy.bench.report.samples import select_samples
from prompt_policy.bench.report.table import (
    Row,
    build_arm_rows,
    build_comparison_rows,
    build_group_tables,
    list_shown_definitions,
)
from prompt_policy.wire.values import Json

_CSS: Final = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2.5rem; }
.verdict { font-size: 1.2rem; border-left: .3rem solid #4477aa; padding: .2rem 1rem; }
.warning { border-left: .3rem solid #ee6677; padding: .1rem 1rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; width: 100%; }
th, td { text-align: left; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid #ddd; vertical-align: top; }
td { overflow-wrap: anywhere; } svg { max-width: 100%; height: auto; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #f4f4f4; padding: .4rem .8rem; }
dt { font-weight: 600; margin-top: .5rem; }
"""
_CONTENT_SECURITY_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"


def render_page(summary: Summary) -> str:
    """Return the page. It loads no resources and runs no scripts."""
    return "".join([*_render_head(summary), *_render_results(summary), *_render_notes(summary)])


def _render_head(summary: Summary) -> Iterator[str]:
    plan = summary.record.header.plan
    title = f"{' and '.join(arm.name for arm in plan.arms)}: {plan.arms[0].model}"
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_CONTENT_SECURITY_POLICY}">\n'
    yield f'<meta name="viewport" content="width=device-width">\n<title>{escape(title)}</title>\n'
    yield f"<style>{_CSS}</style>\n</head>\n<body>\n<h1>{escape(title)}</h1>\n"
    yield f'<p class="verdict">{escape(describe_verdict(summary))}</p>\n'
    yield from (f'<p class="warning">{escape(warning)}</p>\n' for warning in summary.warnings)


def _render_results(summary: Summary) -> Iterator[str]:
    for heading, rows in build_comparison_rows(summary):
        yield f"<h2>{escape(heading)}</h2>\n"
        yield from _render_table(["", "", "95% interval"], rows)
    yield f"<h2>Latency</h2>\n{plot_latency(summary)}\n"
    yield f"<h2>Accuracy against tokens</h2>\n{plot_tokens(summary)}\n"
    yield from _render_groups(summary)
    yield from _render_samples(summary)
    yield "<h2>All metrics</h2>\n"
    yield from _render_table(["", *summary.arms], list(build_arm_rows(summary)))


def _render_groups(summary: Summary) -> Iterator[str]:
    for headings, rows in build_group_tables(summary):
        yield f"<h2>{escape(headings[0].capitalize())}</h2>\n"
        yield "<p>The number of questions is in brackets. A group has few, so its interval is wide.</p>\n"
        yield from _render_table(["", *headings[1:]], rows)
    if plot := plot_families(summary):
        yield f"<h2>Differences by family</h2>\n{plot}\n"


def _render_samples(summary: Summary) -> Iterator[str]:
    samples = list(select_samples(summary))
    if samples:
        yield "<h2>Sample answers</h2>\n"
        yield "<p>For each pair of arms, the first answer that turned right and the first that turned wrong. Both arms "
        yield "used the same seed.</p>\n"
    for pair in samples:
        yield f"<h3>From {escape(pair.first.arm)} to {escape(pair.second.arm)}: {pair.change}</h3>\n"
        yield f"<pre>{escape(pair.question)}</pre>\n<p>Expected:</p>\n<pre>{escape(pair.expected)}</pre>\n"
        for answer in (pair.first, pair.second):
            yield f"<p>{escape(answer.arm)}: {escape(answer.verdict)}</p>\n<pre>{escape(answer.text)}</pre>\n"


def _render_notes(summary: Summary) -> Iterator[str]:
    yield "<h2>Definitions</h2>\n<dl>\n"
    for definition in list_shown_definitions(summary):
        yield f"<dt>{escape(definition.title)}</dt><dd>{escape(definition.text)}</dd>\n"
    yield "</dl>\n<h2>Method and environment</h2>\n"
    yield from _render_table(["", ""], [(name, [text]) for name, text in _list_settings(summary)])
    yield "</body>\n</html>\n"


def _render_table(headings: Sequence[str], rows: Sequence[Row]) -> Iterator[str]:
    yield f"<table>\n<tr>{''.join(f'<th>{escape(heading)}</th>' for heading in headings)}</tr>\n"
    for title, cells in rows:
        yield f"<tr><th>{escape(title)}</th>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>\n"
    yield "</table>\n"


def _list_settings(summary: Summary) -> Iterator[tuple[str, str]]:
    header = summary.record.header
    yield "questions", f"{len(header.questions)}, {header.plan.samples} samples of each in every arm"
    yield "seeds", f"{header.plan.seed}; {summary.seeds}"
    yield "ended", summary.ended
    yield "service level", header.slo or "none"
    yield "source of token counts", header.token_source
    yield from _flatten("plan", header.plan.model_dump(mode="json", exclude={"seed", "samples"}))
    yield from _flatten("", header.environment)


def _flatten(path: str, value: Json) -> Iterator[tuple[str, str]]:
    """Yield the values in nested mappings and lists, each with its path."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if items is None:
        if value not in (None, ""):
            yield path, str(value)
        return
    for key, nested in items:
        yield from _flatten(f"{path} {key}".strip(), nested)
