"""Start a Ray node in Ray's environment, find its processes, and leave none behind."""

from __future__ import annotations

import json
import os
import queue
import random
import secrets
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psutil

from prompt_policy.errors import UsageError
from prompt_policy.launcher.machine.ports import find_free_port
from prompt_policy.net import LOOPBACK, build_url

ROOT = Path(__file__).parents[2]
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_memory_monitor_refresh_ms": "0",  # a busy machine of the tests must not lose a replica
    "RAY_DEDUP_LOGS": "0",
    "OMP_NUM_THREADS": "1",
}
READY = "ready: "
START_TIMEOUT_S = 180
STOP_TIMEOUT_S = 60
_LOG_CHARS = 6000
_PORTS = range(21_000, 31_000)


@dataclass(frozen=True)
class RayNode:
    """A running node.

    Arguments:
        root: the URL of Serve's proxy.
        facts: what the node reports when it is ready: seconds, and notes of its apps.
        process: its driver.
    """

    root: str
    facts: Mapping[str, Any]
    process: psutil.Process

    def list_processes(self) -> list[psutil.Process]:
        """Return all processes of the node."""
        return [self.process, *self.process.children(recursive=True)]

    def list_replicas(self, app: str, deployment: str) -> set[int]:
        """Return the process ids of a deployment's replicas, which Ray names in their titles."""
        return {process.pid for process in self.list_processes() if f"{app}:{deployment}" in _read_title(process)}


def _read_title(process: psutil.Process) -> str:
    words = _read_words(process)
    return words[0] if words and words[0].startswith("ray::ServeReplica") else ""


def _read_words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@contextmanager
def run_node(python: str, *apps: str, variables: Mapping[str, str]) -> Iterator[RayNode]:
    """Start a node with some apps of ``tests.support.ray_node``; stop it, and kill what remains of it."""
    folder = tempfile.mkdtemp(prefix="ray-")
    port = _find_port()
    command = [python, "-m", "tests.support.ray_node", "--port", str(port), "--folder", folder, *apps]
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT), str(ROOT / "tests" / "support" / "ray_node" / "engine")])
    secret = {"RAY_AUTH_TOKEN": secrets.token_hex(32)}  # otherwise Ray writes one into the home folder
    environment = {**os.environ, **QUIET, **secret, "PYTHONPATH": paths, **variables}
    with (Path(folder) / "driver.log").open("w+") as log:
        driver = subprocess.Popen(
            command, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
        )
        process = psutil.Process(driver.pid)
        try:
            facts = _read_facts(driver)
            if facts is None:
                log.seek(0)
                raise AssertionError(f"the Ray node did not start\n{log.read()[-_LOG_CHARS:]}")
            yield RayNode(build_url(LOOPBACK, port), facts, process)
        finally:
            _stop(driver, _list_started(process, folder))
            shutil.rmtree(folder, ignore_errors=True)


def _find_port() -> int:
    """Return a free port outside the ranges from which Ray and the system take ports before Serve binds this one."""
    for port in random.sample(_PORTS, 50):
        with suppress(UsageError):
            return find_free_port(LOOPBACK, port)
    raise AssertionError("no free port found")


def _read_facts(driver: subprocess.Popen[str]) -> dict[str, Any] | None:
    """Return the facts of the line that the driver prints when it is ready, or None."""
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    assert driver.stdout is not None
    threading.Thread(target=_forward, args=(driver.stdout, lines), daemon=True).start()
    while True:
        try:
            line = lines.get(timeout=START_TIMEOUT_S)
        except queue.Empty:
            return None
        _, mark, text = line.partition(READY)  # Ray's own output may precede it on its line
        if mark:
            facts: dict[str, Any] = json.loads(text)
            return facts
        if not line:
            return None


def _forward(output: IO[str], lines: queue.SimpleQueue[str]) -> None:
    for line in output:
        lines.put(line)
    lines.put("")


def _list_started(driver: psutil.Process, folder: str) -> list[psutil.Process]:
    """Return the driver's processes; if it has died, those that name its folder."""
    if driver.is_running():
        return [driver, *driver.children(recursive=True)]
    return [other for other in psutil.process_iter() if any(folder in word for word in _read_words(other))]


def _stop(driver: subprocess.Popen[str], started: list[psutil.Process]) -> None:
    """End the driver, which stops its node; kill those of its processes that remain."""
    assert driver.stdin is not None
    driver.stdin.close()
    try:
        driver.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        driver.kill()
        driver.wait()
    _gone, alive = psutil.wait_procs(started, timeout=10)
    for process in alive:
        process.kill()
    psutil.wait_procs(alive, timeout=10)
    if driver.stdout is not None:
        driver.stdout.close()
