"""The figures under flat names: for ``--fail-if``, ``--json`` and ``--csv``."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from typing import Final

from prompt_policy.bench.compare import Comparison
from prompt_policy.bench.plan import Plan
from prompt_policy.bench.statistics import Interval
from prompt_policy.bench.summary import Summary
from prompt_policy.bench.verdict import verdict_words
from prompt_policy.wire.values import JsonObject

SPREADS: Final = ("e2e", "ttft", "visible", "tpot", "itl")
POINTS: Final = ("mean", "p50", "p95", "p99")
COUNTS: Final = (
    "requests",
    "errors",
    "timeouts",
    "correct",
    "wrong",
    "no_answer",
    "truncated",
    "unverifiable",
    "stalls",
)
PLAIN: Final = (
    "longest_gap", "delay", "tokens", "tokens_per_second_request", "tokens_per_second", "requests_per_second",
    "in_flight", "goodput", "correct_goodput", "tokens_per_correct", "seconds_per_correct",
)  # fmt: skip
RATIOS: Final = ("e2e", "ttft", "visible", "tpot", "tokens", "throughput")
_COLUMNS: Final = (
    "arm", "question", "sample", "block", "seed", "due_s", "sent_s", "ended_s", "trouble", "finish", "verdict",
    "e2e_s", "ttft_s", "visible_s", "tpot_s", "prompt_tokens", "completion_tokens", "cached_tokens", "stalls",
)  # fmt: skip
BOUNDS: Final = ("", "_low", "_high")


def names_of(plan: Plan) -> list[str]:
    """Return the names of all figures that a run of this plan has."""
    arms = [arm.name for arm in plan.arms]
    own = ["accuracy", "accuracy_low", "accuracy_high", *COUNTS, *PLAIN]
    own += [f"{point}_{name}" for name in SPREADS for point in POINTS]
    found = [f"{name}_{arm}" for arm in arms for name in own]
    if len(arms) > 1:
        found += [f"accuracy_difference{bound}" for bound in BOUNDS] + ["detectable_difference"]
        found += [f"{name}_ratio{bound}" for name in RATIOS for bound in BOUNDS]
    return found


def figures_of(summary: Summary) -> dict[str, float | None]:
    """Return every figure by its flat name; those of a comparison are the verdict's."""
    found: dict[str, float | None] = {}
    for arm, figures in summary.arms.items():
        own: dict[str, float | None] = {**figures.counts, **figures.plain}
        own |= {f"accuracy{bound}": value for bound, value in _bounds(figures.accuracy)}
        for name, spread in figures.spreads.items():
            own |= {f"{point}_{name}": getattr(spread, point) and getattr(spread, point).value for point in POINTS}
        found |= {f"{name}_{arm}": value for name, value in own.items()}
    if summary.main is not None:
        found |= _compared(summary.main)
    return found


def _compared(main: Comparison) -> dict[str, float | None]:
    found = {f"accuracy_difference{bound}": value for bound, value in _bounds(main.accuracy)}
    found["detectable_difference"] = main.detectable
    for name, interval in main.ratios.items():
        found |= {f"{name}_ratio{bound}": value for bound, value in _bounds(interval)}
    return found


def _named(one: Comparison) -> JsonObject:
    return {"first": one.first, "second": one.second, "questions": one.questions} | _compared(one)


def _bounds(interval: Interval | None) -> Iterator[tuple[str, float | None]]:
    for bound, value in zip(BOUNDS, interval or (None,) * 3, strict=True):
        yield bound, None if value is None or math.isnan(value) else value


def as_json(summary: Summary) -> JsonObject:
    """Return everything as one JSON object."""
    header = summary.record.header
    return {
        "verdict": verdict_words(summary),
        "ended": summary.ended,
        "missing": summary.missing,
        "invalid": list(summary.invalid),
        "warnings": list(summary.warnings),
        "figures": figures_of(summary),
        "families": {name: [_named(one) for one in rows] for name, rows in summary.families.items()},
        "comparisons": [_named(one) for one in summary.comparisons],
        "plan": header.plan.model_dump(mode="json"),
        "seeds": header.seeds,
        "environment": header.environment,
    }


def as_csv(summary: Summary) -> str:
    """Return one row for each request, without its texts."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for rows in summary.rows.values():
        for row in rows:
            one, timing = row.one, row.timing
            times = (timing.e2e, timing.ttft, timing.visible, timing.tpot) if timing else (None,) * 4
            writer.writerow([
                one.arm, one.question, one.sample, one.block, one.seed, one.due_s, one.sent_s, one.ended_s, one.trouble,
                one.finish, row.verdict, *(None if time is None else round(time, 6) for time in times),
                one.prompt_tokens, one.completion_tokens, one.cached_tokens, timing.stalls if timing else None,
            ])  # fmt: skip
    return out.getvalue()
