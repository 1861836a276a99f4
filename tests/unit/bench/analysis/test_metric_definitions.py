"""Every metric has a definition."""

from __future__ import annotations

from prompt_policy.bench.analysis.metric_definitions import COMPARISON_METRICS, METRICS
from prompt_policy.bench.report.export import COUNTS, DISTRIBUTIONS, RATIOS, SCALARS


def test_every_exported_metric_is_defined() -> None:
    assert {*COUNTS, *SCALARS, *DISTRIBUTIONS} - set(METRICS) <= {"correct", "wrong"}
    assert {f"{name}_ratio" for name in RATIOS} < set(COMPARISON_METRICS)
    assert all(definition.text.endswith(".") for definition in (*METRICS.values(), *COMPARISON_METRICS.values()))
