"""Run the programs that read the files in deploy/."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def find_tool(name: str) -> str:
    """Return the path of a program, beside the interpreter or in PATH; a missing one fails the test."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return shutil.which(name, path=path) or pytest.fail(f"{name} is not installed; bash .ci/run deploy installs it")


def run_tool(name: str, *arguments: str, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """Run a program that must succeed; return its standard output."""
    done = subprocess.run(
        [find_tool(name), *arguments], cwd=cwd, env={**os.environ, **(env or {})},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, f"{name} {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
    return done.stdout
