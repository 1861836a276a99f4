"""Reports of figures: tables, comparisons, saved runs and CSV."""

from __future__ import annotations

import csv
import importlib
import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.__main__ import SUITES
from benchmarks.figures import Figure
from benchmarks.report import COLUMNS, format_table, read_run, save_run, write_csv

ROOT = Path(__file__).parents[3]


def test_saved_run_is_shown_beside_a_new_one(tmp_path: Path) -> None:
    old = [Figure.of(name, [1.0, 1.1, 1.2], suite="core") for name in ("same", "slower")]
    save_run(old, {}, tmp_path / "run.json")
    new = [Figure.of("same", [1.1, 1.2, 1.3], suite="core"), Figure.of("slower", [2.2, 2.2, 2.2], suite="core"),
           Figure.of("more", [1, 1], suite="core")]  # fmt: skip

    lines = list(format_table(new, read_run(tmp_path / "run.json")))[1:]

    assert [line.split()[0] for line in lines] == ["same", "slower", "more"]
    assert lines[0].endswith("was 1.1 (+9.1 %)\n")
    assert lines[1].endswith("was 1.1 (+100.0 %), changed\n")
    assert lines[2].endswith("(new)\n")


def test_differences_within_the_spread_are_not_a_change(tmp_path: Path) -> None:
    save_run([Figure.of_count("apply", 200_000)], {}, tmp_path / "run.json")
    before = read_run(tmp_path / "run.json")
    shown = ["".join(format_table([Figure.of_count("apply", count)], before)) for count in (201_000, 203_000)]
    assert [", changed" in table for table in shown] == [False, True]


@pytest.mark.parametrize("text", ["", "{}", '{"figures": [{"name": "x"}]}'])
def test_invalid_saved_run_is_reported_in_one_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "run.json"
    file.write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "core", "--compare", str(file)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith(f"{file} is not a saved run: ")
    assert done.stderr.count("\n") == 1


def test_csv_has_one_row_per_figure(tmp_path: Path) -> None:
    figures = [Figure.of('a, "quoted" name', [1, 2, 3], "µs", suite="core", at_most=2), Figure.of("b", [4, 4])]
    write_csv(figures, tmp_path / "run.csv")
    with (tmp_path / "run.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert [(row["suite"], row["name"], row["unit"], float(row["median"])) for row in rows] == [
        ("core", 'a, "quoted" name', "µs", 2.0), ("", "b", "x", 4.0),
    ]  # fmt: skip
    assert [(row["at_most"], row["at_least"], row["verdict"]) for row in rows] == [("2", "", "met"), ("", "", "")]


@pytest.mark.parametrize("module", SUITES.values())
def test_every_suite_can_be_measured(module: str) -> None:
    assert callable(importlib.import_module(f"benchmarks.suites.{module}").measure)


def test_first_suite_prints_a_table_and_writes_csv(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "core", "--quick", "--csv", str(tmp_path / "run.csv")],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr  # a busy machine misses targets
    assert "apply, 10 messages, 3 kB" in done.stdout
    assert "core,- over an orjson round trip,x," in (tmp_path / "run.csv").read_text(encoding="utf-8")
