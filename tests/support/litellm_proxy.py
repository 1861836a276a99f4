"""Run LiteLLM's proxy as its users do."""

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
from importlib import metadata
from pathlib import Path
from typing import Any

import yaml
from packaging.version import Version

from prompt_policy.launcher.machine.ports import find_free_port
from prompt_policy.net import LOOPBACK

LITELLM_VERSION = Version(metadata.version("litellm"))
KEY = "sk-a-key-for-these-tests-only-0123456789"


@dataclass
class Proxy:
    """A proxy that was started."""

    url: str
    log_file: Path
    process: subprocess.Popen[bytes]

    @property
    def log(self) -> str:
        """What the proxy has printed so far."""
        return self.log_file.read_text(errors="replace")


def start_proxy(config: dict[str, Any], folder: Path, *arguments: str) -> Proxy:
    """Start ``litellm --config`` in a folder, without waiting until it is ready."""
    port = find_free_port(LOOPBACK)
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump(config, allow_unicode=True))
    log_file = folder / "proxy.log"
    environment = {
        **os.environ,
        "LITELLM_MASTER_KEY": KEY,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "NO_COLOR": "1",
    }
    command = [str(Path(sys.executable).parent / "litellm"), "--config", str(file), "--host", LOOPBACK]
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [*command, "--port", str(port), *arguments],
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            env=environment, cwd=folder, start_new_session=True,
        )  # fmt: skip
    return Proxy(f"http://{LOOPBACK}:{port}", log_file, process)


@contextmanager
def run_proxy(config: dict[str, Any], folder: Path, *arguments: str) -> Iterator[Proxy]:
    """Run a proxy until the block ends; yield it when it is ready."""
    proxy = start_proxy(config, folder, *arguments)
    try:
        _wait_until_ready(proxy)
        yield proxy
    finally:
        if proxy.process.poll() is None:
            os.killpg(proxy.process.pid, signal.SIGTERM)
            proxy.process.wait(120)


def _wait_until_ready(proxy: Proxy) -> None:
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        if proxy.process.poll() is not None:
            raise RuntimeError(f"the proxy exited:\n{proxy.log[-4000:]}")
        try:
            with urllib.request.urlopen(f"{proxy.url}/health/readiness", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise TimeoutError(f"the proxy is not ready:\n{proxy.log[-4000:]}")
