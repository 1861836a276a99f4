"""The processes of a run: the fake backend, and LiteLLM's proxy with and without the callback."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.load.traffic import build_model_list
from prompt_policy.launcher.machine.ports import find_free_port
from prompt_policy.net import LOOPBACK
from tests.support.litellm_proxy import Proxy, run_proxy

_ROOT: Final = Path(__file__).parents[2]
_CALLBACK: Final = "prompt_policy.litellm.callback"
_COUNTER: Final = Path(__file__).with_name("task_count.py")
_STARTED: Final = "Application startup complete."
_READY_S: Final = 120.0


@dataclass
class Backend:
    """The fake backend, in a process of its own."""

    url: str
    pid: int

    def read_counts(self) -> dict[str, int]:
        """Return the numbers of requests and streams."""
        with urllib.request.urlopen(f"{self.url}/counts", timeout=30) as answer:
            counts: dict[str, int] = json.loads(answer.read())
        return counts


@contextmanager
def run_fake_backend(pause_s: float) -> Iterator[Backend]:
    """Run the backend until the block ends. ``pause_s`` is the time between two events of a stream."""
    port = find_free_port(LOOPBACK)
    command = [sys.executable, "-m", "benchmarks.load.fake_backend", str(port), str(pause_s)]
    process = subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.DEVNULL, start_new_session=True)
    backend = Backend(f"http://127.0.0.1:{port}", process.pid)
    try:
        _await_ready(backend, process)
        yield backend
    finally:
        process.terminate()
        process.wait(30)


def _await_ready(backend: Backend, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _READY_S
    while True:
        try:
            backend.read_counts()
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


@contextmanager
def run_litellm_proxy(backend: Backend, folder: Path, policies: Path | None, workers: int) -> Iterator[Proxy]:
    """Run a proxy until the block ends, with a folder of policies, or without the callback for None."""
    folder.mkdir()
    shutil.copy(_COUNTER, folder)
    callbacks = [f"{_COUNTER.stem}.counter"] if policies is None else [_CALLBACK, f"{_COUNTER.stem}.counter"]
    config: dict[str, Any] = {
        "model_list": build_model_list(f"{backend.url}/v1"),
        "litellm_settings": {"callbacks": callbacks, "num_retries": 0},
        "router_settings": {"disable_cooldowns": True},
        "general_settings": {"master_key": "os.environ/LITELLM_MASTER_KEY"},
    }
    if policies is not None:
        config["callback_settings"] = {"prompt_policy": {"path": str(policies)}}
    # By default uvicorn kills a worker that does not respond for 5 s; importing LiteLLM may take longer.
    many = ("--num_workers", str(workers), "--timeout_worker_healthcheck", "120") if workers > 1 else ()
    with run_proxy(config, folder, *many) as started:
        _await_workers(started, workers)
        yield started


def _await_workers(started: Proxy, workers: int) -> None:
    deadline = time.monotonic() + _READY_S
    while started.log.count(_STARTED) < workers:
        if time.monotonic() > deadline:
            raise TimeoutError(f"not every worker is ready:\n{started.log[-4000:]}")
        time.sleep(0.2)
