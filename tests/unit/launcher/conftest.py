"""A state folder of its own for each test, and fake vLLMs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from prompt_policy.launcher.machine.ports import find_free_port
from prompt_policy.launcher.state.instance import list_instances
from prompt_policy.net import LOOPBACK
from tests.support.checkpoints import FAKE_VLLM

COMMAND = [sys.executable, "-P", "-m", "prompt_policy.launcher"]


@dataclass
class Shell:
    """Runs ``python -m prompt_policy.launcher`` with its own state folder."""

    folder: Path
    environment: Mapping[str, str]

    def run(self, *words: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run a verb and wait for its end."""
        return subprocess.run(
            [*COMMAND, *words],
            env=dict(self.environment), cwd=self.folder, capture_output=True, text=True, timeout=timeout, check=False,
        )  # fmt: skip

    def popen(self, *words: str) -> subprocess.Popen[str]:
        """Start a verb without waiting."""
        return subprocess.Popen(
            [*COMMAND, *words],
            env=dict(self.environment), cwd=self.folder, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip

    def fake_vllm_arguments(self, *options: str, name: str = "m") -> list[str]:
        """Return the arguments that start a fake vLLM on a free port; it writes its process ids to ``pids``."""
        command = f"{sys.executable} {FAKE_VLLM}"
        own = ["--port", str(find_free_port(LOOPBACK)), "--model", name, "--command", command]
        return ["start", *own, "--", "--name", name, "--pids", str(self.folder / "pids"), *options]

    def pids(self) -> list[int]:
        """Return the process ids of the fake vLLM that was started last."""
        return [int(pid) for pid in (self.folder / "pids").read_text().split()]


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """A shell; all its vLLMs are stopped after the test."""
    inherited = {
        name: value for name, value in os.environ.items() if name not in ("VLLM_API_KEY", "PROMPT_POLICY_PATH")
    }
    runner = Shell(tmp_path, {**inherited, "XDG_STATE_HOME": str(tmp_path / "state"), "NO_COLOR": "1"})
    yield runner
    if any(instance.is_running() for instance in list_instances(runner.environment)):
        runner.run("stop", "--all", "--timeout", "1")
