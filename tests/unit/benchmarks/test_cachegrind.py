"""Tests of parsing cachegrind's report, and of the counted cases."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.cachegrind import Cachegrind, parse_count
from benchmarks.cases import CASES
from benchmarks.figures import Unavailable
from benchmarks.suites.instructions import COUNTED_CASES

REPORT = """\
==9572== Cachegrind, a cache and branch-prediction profiler
==9572== Command: /usr/bin/python3 -m benchmarks.cachegrind apply 220 20
==9572==
--9572-- warning: specified LL cache: line_size 64  assoc 1  total_size 335,544,320
==9572==
==9572== I   refs:      1,444,643,481
"""
OTHER_VERSION = "==41== \n==41== I refs:        83,912\n"


@pytest.mark.parametrize(("report", "count"), [(REPORT, 1_444_643_481), (OTHER_VERSION, 83_912)])
def test_count_is_parsed_from_the_report(report: str, count: int) -> None:
    assert parse_count(report) == count


@pytest.mark.parametrize("report", ["", "==1== I1  misses:  1,000\n", "I   refs:   12\n"])
def test_report_without_a_count_is_an_error(report: str) -> None:
    with pytest.raises(ValueError, match="no instructions"):
        parse_count(report)


def test_missing_valgrind_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match="valgrind is not installed"):
        Cachegrind(tmp_path)


def test_counted_cases_exist_and_have_unique_names() -> None:
    assert {counted.case for counted in COUNTED_CASES} <= set(CASES)
    assert len({counted.name for counted in COUNTED_CASES}) == len(COUNTED_CASES)
