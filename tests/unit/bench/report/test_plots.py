"""The plots of the report."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from prompt_policy.bench.analysis.summary import Summary, summarize
from prompt_policy.bench.report.plots import plot_families, plot_latency, plot_tokens
from tests.support.records import NO_COMPARISONS, make_plan, make_record, make_request


def make_summary(arms: tuple[str, ...] = ("off", "on")) -> Summary:
    rows = [make_request(arm, f"q{n}", s, ended_s=1 + n / 10) for arm in arms for n in range(4) for s in (0, 1)]
    return summarize(make_record(rows, make_plan(arms), 4, families=("sums", "<dice>")), {}, NO_COMPARISONS)


def test_each_plot_is_svg_with_its_labels() -> None:
    for svg, labels in ((plot_latency(make_summary()), ("off", "on", "seconds until the complete answer")),
                        (plot_tokens(make_summary()), ("accuracy", "tokens per answer, including reasoning")),
                        (plot_families(make_summary()), ("sums (2)", "&lt;dice&gt; (2)", "on - off"))):  # fmt: skip
        assert ET.fromstring(svg).tag == "{http://www.w3.org/2000/svg}svg"
        assert all(label in svg for label in labels)


def test_ids_are_unique_and_plots_are_reproducible() -> None:
    first, second = plot_latency(make_summary()), plot_tokens(make_summary())
    ids = [{node.get("id") for node in ET.fromstring(svg).iter()} - {None} for svg in (first, second)]
    assert not ids[0] & ids[1]
    assert plot_latency(make_summary()) == first


def test_without_two_arms_there_is_no_plot_of_families() -> None:
    assert plot_families(make_summary(("off",))) == ""


def test_without_answers_the_plots_are_empty() -> None:
    empty = summarize(make_record([], make_plan(("off",)), 1), {}, NO_COMPARISONS)
    assert plot_latency(empty).startswith("<svg")
    assert plot_tokens(empty).startswith("<svg")
