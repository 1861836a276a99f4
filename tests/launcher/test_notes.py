"""What is said on standard error."""

from __future__ import annotations

import pytest

from prompt_policy.launcher.notes import Notes


def test_lines_come_out_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    text = "[bold] :smile: " + "long " * 100 + "end"

    Notes().line(text)

    assert capsys.readouterr().err == f"{text}\n"


def test_away_from_a_terminal_a_wait_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with Notes().waiting("waiting for it"):
        pass

    assert capsys.readouterr().err == "waiting for it\n"
