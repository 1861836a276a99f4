"""The progress bar of a run."""

from __future__ import annotations

import io

import pytest

from prompt_policy.authoring.batch.files.progress import is_bar_visible, show_progress


class FakeTerminal(io.StringIO):
    """A text stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


def test_without_a_bar_only_messages_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with show_progress(100, is_shown=False) as progress:
        progress.update(50, 7)
        progress.print("line 3: no")
    assert capsys.readouterr() == ("", "line 3: no\n")


@pytest.mark.parametrize("total", [100, None])
def test_a_bar_shows_the_lines_that_are_done(monkeypatch: pytest.MonkeyPatch, total: int | None) -> None:
    monkeypatch.setattr("sys.stderr", terminal := FakeTerminal())
    with show_progress(total, is_shown=True) as progress:
        progress.update(50, 1234)
        progress.print("line 3: [no]")
    assert "1,234 lines" in terminal.getvalue()
    assert "line 3: [no]" in terminal.getvalue()


def test_a_bar_is_for_a_terminal_without_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not is_bar_visible(writes_to_standard_output=False)
    monkeypatch.setattr("sys.stderr", FakeTerminal())
    assert is_bar_visible(writes_to_standard_output=False)
    monkeypatch.setattr("sys.stdout", FakeTerminal())
    assert not is_bar_visible(writes_to_standard_output=True)
    assert is_bar_visible(writes_to_standard_output=False)
