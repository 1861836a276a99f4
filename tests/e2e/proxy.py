"""LiteLLM's proxy, started as its users start it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.fake_backend import free_port

KEY = "sk-a-key-for-these-tests-only-0123456789"


@dataclass
class Proxy:
    """A proxy that runs; ``log`` is what it printed so far."""

    url: str
    log_file: Path
    process: subprocess.Popen[bytes]

    @property
    def log(self) -> str:
        """Return what the proxy printed."""
        return self.log_file.read_text(errors="replace")


def launch(config: dict[str, Any], folder: Path, *arguments: str) -> Proxy:
    """Start ``litellm --config``; it is not ready yet."""
    port = free_port()
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump(config, allow_unicode=True))
    log_file = folder / "proxy.log"
    environment = {
        **os.environ,
        "LITELLM_MASTER_KEY": KEY,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "NO_COLOR": "1",
    }
    command = [str(Path(sys.executable).parent / "litellm"), "--config", str(file), "--host", "127.0.0.1"]
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [*command, "--port", str(port), *arguments],
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            env=environment, cwd=folder, start_new_session=True,
        )  # fmt: skip
    return Proxy(f"http://127.0.0.1:{port}", log_file, process)


@contextmanager
def proxy(config: dict[str, Any], folder: Path, *arguments: str) -> Iterator[Proxy]:
    """Run a proxy until the block ends."""
    started = launch(config, folder, *arguments)
    try:
        _await_ready(started)
        yield started
    finally:
        os.killpg(started.process.pid, signal.SIGTERM)
        started.process.wait(30)


def _await_ready(started: Proxy) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if started.process.poll() is not None:
            raise RuntimeError(f"the proxy died:\n{started.log[-4000:]}")
        try:
            with urllib.request.urlopen(f"{started.url}/health/readiness", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise TimeoutError(f"the proxy is not ready:\n{started.log[-4000:]}")
