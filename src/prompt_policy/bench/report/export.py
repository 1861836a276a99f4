"""Export the metrics under flat names, for ``--fail-if``, ``--json`` and ``--csv``."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping
from typing import Final

from prompt_policy.bench.analysis.compare import Comparison
from prompt_policy.bench.analysis.groups import GroupResult
from prompt_policy.bench.analysis.statistics import Interval
from prompt_policy.bench.analysis.summary import Summary
from prompt_policy.bench.analysis.verdict import describe_verdict
from prompt_policy.bench.plan import BenchPlan, build_metric_suffix
from prompt_policy.bench.report.samples import select_samples
from prompt_policy.wire.values import JsonObject

DISTRIBUTIONS: Final = ("e2e", "ttft", "visible", "tpot", "itl")
STATISTICS: Final = ("mean", "p50", "p95", "p99")
COUNTS: Final = (
    "requests", "errors", "timeouts", "correct", "wrong", "no_answer", "truncated", "unverifiable",
    "not_judged", "stalls",
)  # fmt: skip
SCALARS: Final = (
    "longest_gap", "delay", "tokens", "tokens_per_second_request", "tokens_per_second", "requests_per_second",
    "in_flight", "goodput", "correct_goodput", "tokens_per_correct", "seconds_per_correct",
)  # fmt: skip
ACCURACIES: Final = ("accuracy", "lenient_accuracy")
DIFFERENCES: Final = {
    "accuracy_difference": "accuracy", "lenient_difference": "lenient_accuracy", "form_difference": "form_difference",
}  # fmt: skip
"""The differences of a comparison, each with the name of its attribute."""
RATIOS: Final = ("e2e", "ttft", "visible", "tpot", "tokens", "throughput")
_INTERVAL_SUFFIXES: Final = ("", "_low", "_high")
_COLUMNS: Final = (
    "arm", "question", "sample", "block", "seed", "due_s", "sent_s", "ended_s", "failure", "finish", "verdict",
    "e2e_s", "ttft_s", "visible_s", "tpot_s", "prompt_tokens", "completion_tokens", "cached_tokens", "stalls",
)  # fmt: skip


def list_metric_names(plan: BenchPlan) -> list[str]:
    """Return the names of all metrics that a run of this plan has."""
    arms = [build_metric_suffix(arm.name) for arm in plan.arms]
    arm_metrics = [f"{name}{suffix}" for name in ACCURACIES for suffix in _INTERVAL_SUFFIXES] + [*COUNTS, *SCALARS]
    arm_metrics += [f"{statistic}_{name}" for name in DISTRIBUTIONS for statistic in STATISTICS]
    names = [f"{metric}_{arm}" for arm in arms for metric in arm_metrics]
    if len(arms) > 1:
        names += [f"{name}{suffix}" for name in DIFFERENCES for suffix in _INTERVAL_SUFFIXES]
        names += ["form_share", "detectable_difference"]
        names += [f"{name}_ratio{suffix}" for name in RATIOS for suffix in _INTERVAL_SUFFIXES]
    return names


def flatten_metrics(summary: Summary) -> dict[str, float | None]:
    """Return every metric by its flat name. Those of a comparison are from the main comparison."""
    flat: dict[str, float | None] = {}
    for arm, metrics in summary.arms.items():
        values: dict[str, float | None] = {**metrics.counts, **metrics.scalars}
        for name in ACCURACIES:
            values |= dict(_flatten_interval(name, getattr(metrics, name)))
        for name, distribution in metrics.distributions.items():
            for statistic in STATISTICS:
                interval = getattr(distribution, statistic)
                values[f"{statistic}_{name}"] = interval and interval.value
        flat |= {f"{name}_{build_metric_suffix(arm)}": value for name, value in values.items()}
    if summary.main_comparison is not None:
        flat |= _flatten_comparison(summary.main_comparison)
    return flat


def _flatten_comparison(comparison: Comparison) -> dict[str, float | None]:
    flat: dict[str, float | None] = {"form_share": comparison.form_share}
    for name, attribute in DIFFERENCES.items():
        flat |= dict(_flatten_interval(name, getattr(comparison, attribute)))
    flat["detectable_difference"] = comparison.detectable_difference
    for name, ratio in comparison.ratios.items():
        flat |= dict(_flatten_interval(f"{name}_ratio", ratio))
    return flat


def _flatten_interval(name: str, interval: Interval | None) -> Iterator[tuple[str, float | None]]:
    for suffix, value in zip(_INTERVAL_SUFFIXES, interval or (None,) * 3, strict=True):
        yield f"{name}{suffix}", None if value is None or math.isnan(value) else value


def build_json_report(summary: Summary) -> JsonObject:
    """Return all results as one JSON object."""
    header = summary.record.header
    return {
        "verdict": describe_verdict(summary),
        "ended": summary.ended,
        "missing": summary.missing,
        "invalid": list(summary.invalid),
        "warnings": list(summary.warnings),
        "figures": flatten_metrics(summary),
        "families": _groups_json(summary.families),
        "languages": _groups_json(summary.languages),
        "comparisons": [_comparison_json(comparison) for comparison in summary.comparisons],
        "samples": [pair.as_json() for pair in select_samples(summary)],
        "plan": header.plan.model_dump(mode="json"),
        "seeds": summary.seeds,
        "environment": header.environment,
    }


def _groups_json(groups: Mapping[str, GroupResult]) -> JsonObject:
    return {
        name: {
            "questions": result.questions,
            "accuracy": {arm: interval and list(interval) for arm, interval in result.accuracies.items()},
            "comparisons": [_comparison_json(comparison) for comparison in result.comparisons],
        }
        for name, result in groups.items()
    }


def _comparison_json(comparison: Comparison) -> JsonObject:
    arms = {"first": comparison.first, "second": comparison.second, "questions": comparison.questions}
    return arms | _flatten_comparison(comparison)


def build_csv(summary: Summary) -> str:
    """Return one row for each request, without its texts."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for rows in summary.rows.values():
        for row in rows:
            request, timing = row.request, row.timing
            latencies = (timing.e2e, timing.ttft, timing.visible, timing.tpot) if timing else (None,) * 4
            writer.writerow([
                request.arm, request.question, request.sample, request.block, request.seed, request.due_s,
                request.sent_s, request.ended_s, request.failure, request.finish, row.verdict,
                *(None if latency is None else round(latency, 6) for latency in latencies),
                request.prompt_tokens, request.completion_tokens, request.cached_tokens,
                timing.stalls if timing else None,
            ])  # fmt: skip
    return out.getvalue()
