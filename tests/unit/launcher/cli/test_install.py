"""``prompt-policy vllm install``; tests/support/vllm_environment.py creates a real environment."""

from __future__ import annotations

from pathlib import Path

from tests.unit.launcher.conftest import Shell


def test_a_folder_with_files_is_refused_in_one_line(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")

    result = shell.run("install", str(tmp_path))

    assert result.returncode == 2
    assert result.stdout == ""
    last_line = result.stderr.splitlines()[-1]
    assert last_line == f"{tmp_path} exists and is not an empty folder; choose another one, or remove it"
