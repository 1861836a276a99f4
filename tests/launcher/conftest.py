"""A home for state, and vLLMs that are fakes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from prompt_policy.launcher.instance import instances
from prompt_policy.launcher.ports import LOOPBACK, free_port
from tests.launcher.made import FAKE_VLLM

COMMAND = [sys.executable, "-P", "-m", "prompt_policy.launcher"]


@dataclass
class Shell:
    """Runs ``python -m prompt_policy.launcher`` with a state of its own."""

    folder: Path
    environment: Mapping[str, str]

    def run(self, *words: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run a verb to its end."""
        return subprocess.run(
            [*COMMAND, *words],
            env=dict(self.environment), cwd=self.folder, capture_output=True, text=True, timeout=timeout, check=False,
        )  # fmt: skip

    def popen(self, *words: str) -> subprocess.Popen[str]:
        """Start a verb."""
        return subprocess.Popen(
            [*COMMAND, *words],
            env=dict(self.environment), cwd=self.folder, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip

    def fake(self, *options: str, name: str = "m") -> list[str]:
        """Return the words that start a fake vLLM on a free port, its processes' ids in the file ``pids``."""
        command = f"{sys.executable} {FAKE_VLLM}"
        mine = ["--port", str(free_port(LOOPBACK)), "--model", name, "--command", command]
        return ["start", *mine, "--", "--name", name, "--pids", str(self.folder / "pids"), *options]

    def pids(self) -> list[int]:
        """Return the processes of the fake vLLM that was started last."""
        return [int(pid) for pid in (self.folder / "pids").read_text().split()]


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """A shell whose vLLMs are all ended with the test."""
    kept = {name: value for name, value in os.environ.items() if name not in ("VLLM_API_KEY", "PROMPT_POLICY_PATH")}
    made = Shell(tmp_path, {**kept, "XDG_STATE_HOME": str(tmp_path / "state"), "NO_COLOR": "1"})
    yield made
    if any(instance.is_running() for instance in instances(made.environment)):
        made.run("stop", "--all", "--timeout", "1")
