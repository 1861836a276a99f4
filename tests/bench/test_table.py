"""The table at the end of a run."""

from __future__ import annotations

import pytest

from prompt_policy.bench.definitions import Unit
from prompt_policy.bench.summary import summary_of
from prompt_policy.bench.table import amount, arm_rows, difference_rows, table_text
from tests.bench.making import never, one, record


def test_every_figure_stands_beside_its_definition() -> None:
    rows = [one(arm, f"q{n}", s) for arm in ("off", "on") for n in range(3) for s in (0, 1)]
    summary = summary_of(record(rows, count=3), {}, never)
    text = table_text(summary)
    assert text.startswith("No difference in accuracy")
    assert "warning: off: all answers to a question are the same" in text
    cells = dict(arm_rows(summary))
    assert cells["accuracy"][0].startswith("100.0% (")
    assert cells["latency, mean"] == ["1.000 s (1.000 to 1.000)"] * 2
    assert cells["latency, P99"] == ["n too small"] * 2
    assert cells["time per output token, mean"] == ["300.0 ms (300.0 to 300.0)"] * 2
    [(title, compared)] = difference_rows(summary)
    assert title == "on against off"
    assert ("latency, ratio", ["x 1.000", "1.000 to 1.000"]) in compared
    for name in (
        "time to first token: Until the first generated text; thinking counts.",
        "Percentiles are nearest-rank",
    ):
        assert name in text
    assert all(len(line) <= 110 for line in text.splitlines())


@pytest.mark.parametrize(
    ("value", "unit", "told"),
    [(None, "s", "-"), (0.0123, "ms", "12.3 ms"), (1234.5, "tokens", "1234 tokens"), (123.45, "s", "123.5 s"),
     (1.5, "count", "1.500")],
)  # fmt: skip
def test_amounts(value: float | None, unit: Unit, told: str) -> None:
    assert amount(value, unit) == told
