"""Terminal output of the commands."""

from __future__ import annotations

import pytest

from prompt_policy.console import Console, build_diff, format_json_lines, print_diff, print_json
from tests.support.cli import run


def test_json_is_indented_and_not_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"text": "你好"})
    assert capsys.readouterr().out == '{\n  "text": "你好"\n}\n'


def test_the_version_is_printed() -> None:
    assert run("--version").stdout.startswith("prompt-policy ")


def test_output_to_a_pipe_has_no_colour() -> None:
    assert "\x1b" not in run("--help").stdout


def test_equal_documents_have_no_diff() -> None:
    assert list(build_diff(format_json_lines({"a": 1}), format_json_lines({"a": 1}), "before", "after")) == []


def test_a_diff_shows_the_changed_line() -> None:
    lines = list(build_diff(format_json_lines({"a": "é"}), format_json_lines({"a": 2}), "before", "after"))
    assert lines[:2] == ["--- before", "+++ after"]
    assert lines[4:6] == ['-  "a": "é"', '+  "a": 2']


def test_a_diff_escapes_control_characters_and_markup(capsys: pytest.CaptureFixture[str]) -> None:
    print_diff(["+a\x1b[2Jbc", "+[red]x[/red]"], indent="  ")
    assert capsys.readouterr().out == "  +a\\u001b[2Jbc\n  +[red]x[/red]\n"


def test_messages_are_printed_unchanged_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    text = "[bold] :smile: " + "long " * 100 + "end"

    Console().print(text)

    assert capsys.readouterr().err == f"{text}\n"


def test_progress_without_a_terminal_prints_each_stage_on_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with Console().progress("waiting for it") as on_progress:
        on_progress("half way", 0.5)

    assert capsys.readouterr().err == "waiting for it\nwaiting for it: half way\n"
