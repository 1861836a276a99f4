"""Virtual environments for tests, created by uv."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

_MAX_REASON_CHARS: Final = 500


class EnvironmentUnavailable(Exception):
    """What a test needs cannot be installed here; the message gives the reason."""


def create_environment(folder: Path, *arguments: str) -> None:
    """Create an environment anew with this Python.

    Arguments:
        folder: the environment; what is in it is removed.
        arguments: the requirements, and options of ``uv pip install``.

    Raise EnvironmentUnavailable.
    """
    shutil.rmtree(folder, ignore_errors=True)
    run_uv("venv", "--python", sys.executable, str(folder))
    run_uv("pip", "install", "--python", str(folder / "bin" / "python"), *arguments)


def run_uv(*arguments: str) -> None:
    """Run uv, which is installed beside this Python. Raise EnvironmentUnavailable if it fails."""
    command = [sys.executable, "-m", "uv", *arguments, "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = " ".join(done.stderr.split())[-_MAX_REASON_CHARS:]
        raise EnvironmentUnavailable(f"uv {arguments[0]} failed: {reason}")
