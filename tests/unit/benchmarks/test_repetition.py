"""The measurement of stop_repetition reports files and loops, and fails if a legitimate text would be ended."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from benchmarks.repetition import main


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["repetition", *arguments])
    return main()


def test_files_and_loops_are_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "zeros.c").write_text("0, " * 3000)
    (tmp_path / "prose.md").write_text("A river flows.\n")
    (tmp_path / "copy.md").write_text("A river flows.\n")

    assert run(monkeypatch, str(tmp_path)) == 0

    out = capsys.readouterr().out
    assert "after 4,096 of 9,000 characters" in out
    assert "files searched: 2," in out
    assert "loop of a line: detected after" in out


def test_limits_that_end_legitimate_texts_are_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, str(tmp_path), "--min-chars", "500") == 1
    assert "PROBLEM: one word 500 times would be ended" in capsys.readouterr().out
