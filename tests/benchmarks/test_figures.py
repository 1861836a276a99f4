"""Figures, their intervals and their tables; what is measured is not tested."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from benchmarks.__main__ import SUITES
from benchmarks.figures import Figure, read, saved, table

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("number", "off"),
    [(2, 0), (5, 0), (6, 0), (8, 0), (9, 1), (12, 2), (15, 3), (20, 5)],  # the sign test's table
)
def test_the_interval_of_a_median_is_that_of_the_sign_test(number: int, off: int) -> None:
    figure = Figure.of("x", [float(value) for value in reversed(range(number))])
    assert (figure.low, figure.median, figure.high) == (off, (number - 1) / 2, number - 1 - off)


@pytest.mark.parametrize(
    ("target", "verdict"),
    [
        ({}, ""),
        ({"at_most": 2}, "met"),
        ({"at_most": 1.9}, "NOT MET"),
        ({"at_least": 2}, "met"),
        ({"at_least": 3}, "NOT MET"),
    ],
)
def test_a_figure_meets_its_target_by_its_median(target: dict[str, Any], verdict: str) -> None:
    assert Figure.of("x", [1, 2, 3], **target).verdict == verdict


def test_a_saved_run_is_shown_beside_a_new_one(tmp_path: Path) -> None:
    old = [Figure.of(name, [1.0, 1.1, 1.2], suite="core") for name in ("same", "slower")]
    saved(old, {}, tmp_path / "run.json")
    new = [Figure.of("same", [1.1, 1.2, 1.3], suite="core"), Figure.of("slower", [2, 2, 2], suite="core"),
           Figure.of("more", [1, 1], suite="core")]  # fmt: skip

    lines = [line.split()[0] + line[88:] for line in table(new, read(tmp_path / "run.json"))][1:]

    assert ["was 1.1" in line for line in lines] == [True, True, False]
    assert [", changed" in line for line in lines] == [False, True, False]
    assert "(new)" in lines[2]


@pytest.mark.parametrize("text", ["", "{}", '{"figures": [{"name": "x"}]}'])
def test_a_file_that_is_no_saved_run_is_told_in_one_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "run.json"
    file.write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "core", "--compare", str(file)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith(f"{file}: no saved run: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("module", SUITES.values())
def test_every_suite_can_be_measured(module: str) -> None:
    assert callable(importlib.import_module(f"benchmarks.{module}").measure)


def test_the_first_suite_prints_a_table() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "core", "--quick"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode in (0, 1), done.stderr  # a busy machine misses targets
    assert "apply, 10 messages, 3 kB, over an orjson round trip" in done.stdout
