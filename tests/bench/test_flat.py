"""The figures under flat names."""

from __future__ import annotations

import csv
import io
import json

from prompt_policy.bench.flat import as_csv, as_json, figures_of, names_of
from prompt_policy.bench.slo import parse_slo
from prompt_policy.bench.summary import Summary, summary_of
from tests.bench.making import never, one, plan, record


def made() -> Summary:
    rows = [
        one(arm, f"q{n}", s, content=f"{s} \\boxed{{42}}") for arm in ("off", "on") for n in range(3) for s in (0, 1)
    ]
    return summary_of(record(rows, count=3), parse_slo("e2e=2s"), never)


def test_the_names_that_are_promised_are_those_that_there_are() -> None:
    assert sorted(figures_of(made())) == sorted(names_of(plan()))
    assert figures_of(made())["accuracy_difference"] == 0
    assert figures_of(made())["goodput_on"] == 3


def test_json_holds_everything_and_is_json() -> None:
    said = json.loads(json.dumps(as_json(made()), allow_nan=False))
    assert said["verdict"].startswith("No difference")
    assert said["figures"]["accuracy_off"] == 1
    assert said["comparisons"][0]["first"] == "off"
    assert said["families"]["all"][0]["questions"] == 3
    assert said["plan"]["samples"] == 2


def test_csv_has_a_row_for_each_request() -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(made()))))
    assert len(rows) == 12
    assert (rows[0]["arm"], rows[0]["verdict"], rows[0]["e2e_s"], rows[0]["stalls"]) == ("off", "correct", "1.0", "0")
