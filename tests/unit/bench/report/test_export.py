"""Metrics under flat names."""

from __future__ import annotations

import csv
import io
import json

from prompt_policy.bench.analysis.slo import parse_slo
from prompt_policy.bench.analysis.summary import Summary, summarize
from prompt_policy.bench.report.export import build_csv, build_json_report, flatten_metrics, list_metric_names
from tests.support.records import NO_COMPARISONS, make_plan, make_record, make_request


def make_summary() -> Summary:
    rows = [
        make_request(arm, f"q{n}", s, content=f"{s} \\boxed{{42}}")
        for arm in ("off", "on")
        for n in range(3)
        for s in (0, 1)
    ]
    return summarize(make_record(rows, count=3), parse_slo("e2e=2s"), NO_COMPARISONS)


def test_the_listed_metric_names_are_those_of_a_run() -> None:
    metrics = flatten_metrics(make_summary())
    assert sorted(metrics) == sorted(list_metric_names(make_plan()))
    assert metrics["accuracy_difference"] == 0
    assert metrics["goodput_on"] == 3


def test_the_json_report_is_strict_json_with_all_results() -> None:
    report = json.loads(json.dumps(build_json_report(make_summary()), allow_nan=False))
    assert report["verdict"].startswith("No difference")
    assert report["figures"]["accuracy_off"] == 1
    assert report["comparisons"][0]["first"] == "off"
    assert report["families"]["all"]["comparisons"][0]["questions"] == report["languages"]["en"]["questions"] == 3
    assert report["families"]["all"]["accuracy"]["off"][0] == 1
    assert report["samples"] == []
    assert report["plan"]["samples"] == 2


def test_csv_has_a_row_for_each_request() -> None:
    rows = list(csv.DictReader(io.StringIO(build_csv(make_summary()))))
    assert len(rows) == 12
    assert (rows[0]["arm"], rows[0]["verdict"], rows[0]["e2e_s"], rows[0]["stalls"]) == ("off", "correct", "1.0", "0")
