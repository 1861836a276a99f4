"""The output of a report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from prompt_policy.bench.record import dump_line
from prompt_policy.bench.report.output import ReportOptions, print_report
from prompt_policy.errors import UsageError
from tests.support.records import make_plan, make_record, make_request


@pytest.fixture
def record_file(tmp_path: Path) -> Path:
    record = make_record(
        [make_request(arm, f"q{n}") for arm in ("off", "on") for n in range(3)], make_plan(samples=1), 3
    )
    path = tmp_path / "run.jsonl"
    lines = [record.header, *record.requests.values(), *record.blocks, *record.ends]
    path.write_bytes(b"".join(dump_line(line) for line in lines))
    return path


def test_the_table_or_json_is_printed(record_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert print_report(record_file, ReportOptions()) == 0
    assert "No difference in accuracy" in capsys.readouterr().out
    assert print_report(record_file, ReportOptions(as_json=True)) == 0
    assert json.loads(capsys.readouterr().out)["figures"]["accuracy_on"] == 1


def test_the_glossary_is_an_option(record_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    print_report(record_file, ReportOptions(glossary=True))
    assert "requests: Measured requests, without warm-up." in capsys.readouterr().out


def test_files_are_written(record_file: Path) -> None:
    html, csv = record_file.with_suffix(".html"), record_file.with_suffix(".csv")
    print_report(record_file, ReportOptions(html=html, csv=csv))
    assert "<svg" in html.read_text()
    assert len(csv.read_text().splitlines()) == 7
    with pytest.raises(UsageError, match="No such file"):
        print_report(record_file, ReportOptions(csv=record_file.parent / "none" / "r.csv"))


def test_a_threshold_that_holds_gives_exit_code_1(record_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert print_report(record_file, ReportOptions(fail_if=("accuracy_on > 0.5", "accuracy_on < 0.5"))) == 1
    assert capsys.readouterr().err == "--fail-if accuracy_on > 0.5: it holds\n"


def test_unusable_options_are_rejected_before_a_run() -> None:
    ReportOptions(slo="e2e=1s", fail_if=("accuracy_on < 1",)).check(make_plan(), Path("r"))
    with pytest.raises(UsageError, match="unknown metric"):
        ReportOptions(fail_if=("accuracy < 1",)).check(make_plan(), Path("r"))
    with pytest.raises(UsageError, match="--slo fast"):
        ReportOptions(slo="fast").check(make_plan(), Path("r"))
    with pytest.raises(UsageError, match="create the folder none first"):
        ReportOptions(html=Path("none/r.html")).check(make_plan(), Path("r"))
