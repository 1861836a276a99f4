"""Processes of servers: start, stop, readiness, processor time and memory.

Servers and clients run on different cores if there are at least two.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.figures import Unavailable
from prompt_policy.launcher.machine.ports import find_free_port
from prompt_policy.net import LOOPBACK, build_url

ROOT: Final = Path(__file__).parents[2]
CORES: Final = sorted(os.sched_getaffinity(0))
SERVER_CORE: Final = CORES[0]
CLIENT_CORE: Final = CORES[-1]
_TIMEOUT_S: Final = 120


class RunningServer(NamedTuple):
    """The address and the process of a running server."""

    url: str
    pid: int

    @property
    def chat(self) -> str:
        """The address for chat completions."""
        return f"{self.url}/v1/chat/completions"


@contextmanager
def serve_app(
    name: str, core: int | None = SERVER_CORE, *, http: str = "h11", workers: int = 1, logs: bool = False
) -> Iterator[RunningServer]:
    """Serve an app of ``benchmarks.servers.apps`` with uvicorn until the block ends.

    Arguments:
        name: the function that returns the app.
        core: the only core that the server may use; None: all.
        http: uvicorn's parser, ``h11`` or ``httptools``. Raise Unavailable if it is not installed.
        workers: processes.
        logs: turn the decision log on, and write it to ``/dev/null``.
    """
    if importlib.util.find_spec(http) is None:
        raise Unavailable(f"{http} is not installed; run: pip install {http}")
    port = find_free_port(LOOPBACK)
    command = [sys.executable, "-m", "benchmarks.servers.apps", name, str(port), f"--http={http}"]
    command += [f"--workers={workers}", *([f"--core={core}"] if core is not None else []), *(["--log"] if logs else [])]
    errors = subprocess.DEVNULL if logs else None
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stderr=errors)
    try:
        served = RunningServer(build_url(LOOPBACK, port), process.pid)
        await_answer(f"{served.url}/", process)
        yield served
    finally:
        process.terminate()
        process.wait(30)


def build_environment(folder: Path) -> dict[str, str]:
    """Return the environment of a child whose compiled modules are stored in a folder, as an installation has them."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(folder)}


def await_answer(url: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until a server answers, with any status. Raise RuntimeError if its process ends before."""
    deadline = time.monotonic() + _TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server for {url} ended with status {process.returncode}")
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"no answer from {url} within {_TIMEOUT_S} s")


def read_cpu_seconds(pid: int) -> float:
    """Return the processor time that a process's main thread has used so far."""
    return _read_schedstat(Path(f"/proc/{pid}"))


def read_all_cpu_seconds(pid: int) -> float:
    """Return the processor time that the running threads of a process have used so far."""
    return sum(_read_schedstat(thread) for thread in Path(f"/proc/{pid}/task").iterdir())


def _read_schedstat(folder: Path) -> float:
    return int((folder / "schedstat").read_text().split()[0]) / 1e9


def read_resident_mb(pid: int) -> float:
    """Return the memory that a process holds, in megabytes."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
