"""Every figure has a definition."""

from __future__ import annotations

from prompt_policy.bench.definitions import DIFFERENCES, FIGURES
from prompt_policy.bench.flat import COUNTS, PLAIN, RATIOS, SPREADS


def test_every_figure_that_is_reckoned_is_defined() -> None:
    assert {*COUNTS, *PLAIN, *SPREADS} - set(FIGURES) <= {"correct", "wrong"}
    assert {f"{name}_ratio" for name in RATIOS} < set(DIFFERENCES)
    assert all(definition.text.endswith(".") for definition in (*FIGURES.values(), *DIFFERENCES.values()))
