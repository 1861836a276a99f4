"""Draw the plots of the report as inline SVG."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, Final, cast

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from prompt_policy.bench.analysis.statistics import Interval
from prompt_policy.bench.analysis.summary import Summary

COLOURS: Final = ("#4477aa", "#ee6677", "#228833", "#aa3377")
"""Paul Tol's bright scheme, which colour-blind readers can distinguish."""
_STYLE: Final[dict[str, Any]] = {
    "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 10, "axes.spines.top": False,
    "axes.spines.right": False, "figure.constrained_layout.use": True,
}  # fmt: skip
_WIDTH: Final = 8.0


def plot_latency(summary: Summary) -> str:
    """Draw the cumulative distribution of the times to the first token and to the complete answer, for each arm."""

    def draw(figure: Figure) -> None:
        for axes, (name, title) in zip(
            figure.subplots(1, 2, sharey=True), (("ttft", "first token"), ("e2e", "complete answer")), strict=True
        ):
            for colour, (arm, rows) in zip(COLOURS, summary.rows.items(), strict=False):
                times = sorted(value for row in rows if row.timing and (value := getattr(row.timing, name)) is not None)
                if times:
                    shares = np.arange(1, len(times) + 1) / len(times)
                    axes.step(times, shares, where="post", color=colour, label=arm)
            axes.set_xlabel(f"seconds until the {title}")
            axes.set_xlim(left=0)
            axes.grid(alpha=0.3)
        figure.axes[0].set_ylabel("share of answers")
        if figure.axes[0].lines:
            figure.axes[0].legend(loc="upper left", frameon=False)

    return _render_svg(draw, 3.2, "latency")


def plot_tokens(summary: Summary) -> str:
    """Draw each arm's accuracy against its tokens per answer, with the accuracy's interval."""

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        for colour, (arm, metrics) in zip(COLOURS, summary.arms.items(), strict=False):
            accuracy, tokens = metrics.accuracy, metrics.scalars["tokens"]
            if accuracy is not None and tokens is not None:
                _draw_point(axes, tokens, accuracy, colour, arm)
        axes.set_xlabel("tokens per answer, including reasoning")
        axes.set_ylabel("accuracy")
        axes.set_ylim(-0.02, 1.02)
        axes.set_xlim(left=0)
        axes.margins(x=0.2)
        axes.grid(alpha=0.3)
        if axes.containers:
            axes.legend(frameon=False)

    return _render_svg(draw, 3.2, "tokens")


def plot_families(summary: Summary) -> str:
    """Draw the difference in accuracy of the main comparison for each family, with its interval; "" if none exists."""
    main = summary.main_comparison
    arms = (main.first, main.second) if main else None
    rows: list[tuple[str, Interval, int]] = [
        (family, comparison.accuracy, comparison.questions)
        for family, result in summary.families.items()
        for comparison in result.comparisons
        if (comparison.first, comparison.second) == arms and comparison.accuracy is not None
    ]

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        for y, (_family, accuracy, _count) in enumerate(reversed(rows)):
            axes.plot([100 * accuracy.low, 100 * accuracy.high], [y, y], color=COLOURS[0], linewidth=2)
            axes.plot(100 * accuracy.value, y, "o", color=COLOURS[0])
        axes.axvline(0, color="#666666", linewidth=0.8)
        axes.set_yticks(range(len(rows)), [f"{family} ({count})" for family, _, count in reversed(rows)])
        axes.set_xlabel(f"{arms[1]} - {arms[0]}, points, with 95% intervals" if arms else "")
        axes.set_xlim(-105, 105)
        axes.grid(alpha=0.3, axis="x")

    return _render_svg(draw, 0.9 + 0.27 * len(rows), "families") if rows else ""


def _draw_point(axes: Axes, tokens: float, accuracy: Interval, colour: str, arm: str) -> None:
    """Draw the accuracy of one arm with its error bar."""
    below, above = accuracy.value - accuracy.low, accuracy.high - accuracy.value
    bounds = [[max(0.0, below)], [max(0.0, above)]]
    axes.errorbar([tokens], [accuracy.value], yerr=bounds, fmt="o", color=colour, label=arm, capsize=4)


def _render_svg(draw: Callable[[Figure], None], height: float, name: str) -> str:
    """Return a reproducible drawing (without a date), whose ids are unique on the page."""
    with mpl.rc_context(cast("Any", {**_STYLE, "svg.hashsalt": name})):
        figure = Figure(figsize=(_WIDTH, height))
        draw(figure)
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    svg = text[text.index("<svg") :].replace(' id="', f' id="{name}-')
    return svg.replace("url(#", f"url(#{name}-").replace('xlink:href="#', f'xlink:href="#{name}-')
