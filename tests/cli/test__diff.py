"""Differences for a terminal."""

from __future__ import annotations

import pytest

from prompt_policy.cli._diff import differences, pretty, show


def test_equal_documents_do_not_differ() -> None:
    assert list(differences(pretty({"a": 1}), pretty({"a": 1}), "came", "sent")) == []


def test_a_line_that_differs() -> None:
    told = list(differences(pretty({"a": "é"}), pretty({"a": 2}), "came", "sent"))
    assert told[:2] == ["--- came", "+++ sent"]
    assert told[4:6] == ['-  "a": "é"', '+  "a": 2']


def test_nothing_in_a_text_steers_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    show(["+a\x1b[2Jbc", "+[red]x[/red]"], indent="  ")
    assert capsys.readouterr().out == "  +a\\u001b[2Jbc\n  +[red]x[/red]\n"
