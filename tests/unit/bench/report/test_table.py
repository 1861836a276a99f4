"""The text table at the end of a run."""

from __future__ import annotations

import pytest

from prompt_policy.bench.analysis.slo import parse_slo
from prompt_policy.bench.analysis.summary import Summary, summarize
from prompt_policy.bench.report.table import (
    build_arm_rows,
    build_comparison_rows,
    build_group_tables,
    list_shown_definitions,
    render_table,
)
from tests.support.records import NO_COMPARISONS, make_plan, make_record, make_request


def make_summary() -> Summary:
    rows = [make_request(arm, f"q{n}", s) for arm in ("off", "on") for n in range(3) for s in (0, 1)]
    return summarize(make_record(rows, count=3), {}, NO_COMPARISONS)


def test_the_table_starts_with_verdict_and_warnings() -> None:
    text = render_table(make_summary())
    assert text.startswith("No difference in accuracy")
    assert "warning: off: all answers to a question are identical" in text


def test_rows_contain_values_with_units_and_intervals() -> None:
    cells = dict(build_arm_rows(make_summary()))
    assert cells["accuracy"][0].startswith("100.0% (")
    assert cells["latency, mean"] == ["1.000 s (1.000 to 1.000)"] * 2
    assert cells["latency, P99"] == ["n too small"] * 2
    assert cells["time per output token, mean"] == ["300.0 ms (300.0 to 300.0)"] * 2
    [(title, rows)] = build_comparison_rows(make_summary())
    assert title == "on against off"
    assert ("latency, ratio", ["x 1.000", "1.000 to 1.000"]) in rows


def test_columns_are_aligned() -> None:
    lines = render_table(make_summary()).splitlines()
    arms = next(line for line in lines if line.split() == ["off", "on"])
    [latency] = [line for line in lines if line.startswith("latency, mean")]
    assert latency == f"{'latency, mean':<{arms.index('off')}}1.000 s (1.000 to 1.000)   1.000 s (1.000 to 1.000)"
    assert latency.rindex("1.000 s") == arms.index("on")


def test_the_glossary_is_printed_only_on_request() -> None:
    text = render_table(make_summary())
    assert text.endswith("\n--glossary defines the rows.\n")
    assert "Time until the first generated text" not in text
    text = render_table(make_summary(), glossary=True)
    for words in (
        "time to first token: Time until the first generated text, including reasoning.",
        "Percentiles are nearest-rank",
    ):
        assert words in text
    assert all(len(line) <= 110 for line in text.splitlines())


def test_lenient_rows_are_shown_only_for_methods_with_a_form() -> None:
    assert "accuracy by last number" in dict(build_arm_rows(make_summary()))
    [(_title, rows)] = build_comparison_rows(make_summary())
    assert {"accuracy by last number, difference", "difference that is form"} < {title for title, _cells in rows}
    record = make_record([make_request(arm) for arm in ("off", "on")], make_plan(match="contains"))
    text = render_table(summarize(record, {}, NO_COMPARISONS))
    assert "by last number" not in text


def make_varied_summary(slo: str = "", load: str = "closed:1") -> Summary:
    """Return the results of a run in which most metrics have values, with two families and languages."""
    rows = [
        make_request(arm, f"q{n}", s, ended_s=1 + n / 9, due_s=0.0 if load.startswith("open") else None,
                     sent_s=0.1, content="\\boxed{42}" if arm == "on" or n % 2 else "42")
        for arm in ("off", "on") for n in range(40) for s in (0, 1)
    ]  # fmt: skip
    record = make_record(rows, make_plan(load=load), 40, families=("a", "b"))
    chinese = record.header.questions[1].model_copy(update={"question": "多少？"})
    questions = (record.header.questions[0], chinese, *record.header.questions[2:])
    record.header = record.header.model_copy(update={"questions": questions})
    return summarize(record, parse_slo(slo), NO_COMPARISONS)


@pytest.mark.parametrize(("slo", "load"), [("", "closed:1"), ("e2e=9s", "open:9rps")])
def test_the_glossary_defines_exactly_the_rows_of_the_tables(slo: str, load: str) -> None:
    summary = make_varied_summary(slo, load)
    tables, glossary = (render_table(summary, glossary=is_on) for is_on in (False, True))
    defined = {definition.title for definition in list_shown_definitions(summary)}
    rows = [title for title, _cells in build_arm_rows(summary)]
    rows += [title for _heading, lines in build_comparison_rows(summary) for title, _cells in lines]
    statistics = (", mean", ", P50", ", P95", ", P99")
    shown = {title.rpartition(", ")[0] if title.endswith(statistics) else title for title in rows}
    assert shown == defined
    assert ("goodput" in shown, "dispatch delay" in shown) == (bool(slo), load.startswith("open"))
    assert all(f"\n{title}: " in glossary for title in defined)
    assert glossary.startswith(tables.removesuffix("--glossary defines the rows.\n"))


def test_groups_have_a_table_if_there_are_several() -> None:
    (languages, language_rows), (families, family_rows) = build_group_tables(make_varied_summary())
    assert languages == ["accuracy by language", "off", "on", "on - off"]
    assert [title for title, _cells in language_rows] == ["en (39)", "zh (1)"]
    assert families[0] == "accuracy by family"
    [(first, cells), (second, _cells)] = family_rows
    assert (first, second) == ("a (20)", "b (20)")
    assert [cell.partition(" ")[0] for cell in cells] == ["0.0%", "100.0%", "+100.0"]
    assert list(build_group_tables(make_summary())) == []
