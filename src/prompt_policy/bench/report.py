"""The report: one HTML page that holds all it needs, for a manager and an engineer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from prompt_policy.bench.definitions import DIFFERENCES, FIGURES
from prompt_policy.bench.plots import families_plot, latency_plot, tokens_plot
from prompt_policy.bench.summary import Summary
from prompt_policy.bench.table import Row, arm_rows, difference_rows
from prompt_policy.bench.verdict import verdict_words
from prompt_policy.wire.values import Json

_CSS: Final = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2.5rem; }
.verdict { font-size: 1.2rem; border-left: .3rem solid #4477aa; padding: .2rem 1rem; }
.warning { border-left: .3rem solid #ee6677; padding: .1rem 1rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; width: 100%; }
th, td { text-align: left; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid #ddd; vertical-align: top; }
td { overflow-wrap: anywhere; } svg { max-width: 100%; height: auto; } dt { font-weight: 600; margin-top: .5rem; }
"""
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"


def page(summary: Summary) -> str:
    """Return the page. Nothing in it is loaded from anywhere, and no script runs."""
    return "".join(_parts(summary))


def _parts(summary: Summary) -> Iterator[str]:
    plan = summary.record.header.plan
    title = f"{' and '.join(arm.name for arm in plan.arms)}: {plan.arms[0].model}"
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
    yield f'<meta name="viewport" content="width=device-width">\n<title>{escape(title)}</title>\n'
    yield f"<style>{_CSS}</style>\n</head>\n<body>\n<h1>{escape(title)}</h1>\n"
    yield f'<p class="verdict">{escape(verdict_words(summary))}</p>\n'
    yield from (f'<p class="warning">{escape(warning)}</p>\n' for warning in summary.warnings)
    for heading, rows in difference_rows(summary):
        yield f"<h2>{escape(heading)}</h2>\n"
        yield from _table(["", "", "95% interval"], rows)
    yield f"<h2>Latency</h2>\n{latency_plot(summary)}\n"
    yield f"<h2>Accuracy against tokens</h2>\n{tokens_plot(summary)}\n"
    if plot := families_plot(summary):
        yield "<h2>Differences by family</h2>\n"
        yield "<p>A family has few questions (in brackets), so that its interval is wide.</p>\n"
        yield f"{plot}\n"
    yield "<h2>All figures</h2>\n"
    yield from _table(["", *summary.arms], list(arm_rows(summary)))
    yield "<h2>What the figures mean</h2>\n<dl>\n"
    for definition in (*FIGURES.values(), *DIFFERENCES.values()):
        yield f"<dt>{escape(definition.title)}</dt><dd>{escape(definition.text)}</dd>\n"
    yield "</dl>\n<h2>How it was measured</h2>\n"
    yield from _table(["", ""], [(name, [text]) for name, text in _environment(summary)])
    yield "</body>\n</html>\n"


def _table(heads: Sequence[str], rows: Sequence[Row]) -> Iterator[str]:
    yield f"<table>\n<tr>{''.join(f'<th>{escape(head)}</th>' for head in heads)}</tr>\n"
    for title, cells in rows:
        yield f"<tr><th>{escape(title)}</th>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>\n"
    yield "</table>\n"


def _environment(summary: Summary) -> Iterator[tuple[str, str]]:
    header = summary.record.header
    yield "questions", f"{len(header.questions)}, {header.plan.samples} samples of each in every arm"
    yield "seeds", f"{header.plan.seed}; {header.seeds}"
    yield "ended", summary.ended
    yield "service level", header.slo or "none"
    yield "tokens are told by", header.token_source
    yield from _flat("plan", header.plan.model_dump(mode="json", exclude={"seed", "samples"}))
    yield from _flat("", header.environment)


def _flat(path: str, value: Json) -> Iterator[tuple[str, str]]:
    """Yield what stands in nested mappings and lists, each with its place."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if items is None:
        if value not in (None, ""):
            yield path, str(value)
        return
    for key, inner in items:
        yield from _flat(f"{path} {key}".strip(), inner)
