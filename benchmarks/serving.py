"""Servers for measurements: started, awaited, watched and ended; each on a core of its own where there are two."""

from __future__ import annotations

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

from prompt_policy.launcher.ports import LOOPBACK, free_port, url_of

ROOT: Final = Path(__file__).parents[1]
CORES: Final = sorted(os.sched_getaffinity(0))
SERVER_CORE: Final = CORES[0]
CLIENT_CORE: Final = CORES[-1]
_PATIENCE_S: Final = 120


class Served(NamedTuple):
    """A server that answers: its address, and its process."""

    url: str
    pid: int

    @property
    def chat(self) -> str:
        """The address for chat completions."""
        return f"{self.url}/v1/chat/completions"


@contextmanager
def app(name: str, core: int = SERVER_CORE) -> Iterator[Served]:
    """Serve one of ``benchmarks.asgi_apps`` until the block ends."""
    port = free_port(LOOPBACK)
    command = [sys.executable, "-m", "benchmarks.asgi_apps", name, str(port), str(core)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL)
    try:
        served = Served(url_of(LOOPBACK, port), process.pid)
        await_answer(f"{served.url}/", process)
        yield served
    finally:
        process.terminate()
        process.wait(30)


def await_answer(url: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until a server answers anything at all. Raise RuntimeError where it ends before."""
    deadline = time.monotonic() + _PATIENCE_S
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
    raise TimeoutError(f"nothing answers at {url}")


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process's main thread has had so far."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def resident_mb(pid: int) -> float:
    """Return the memory that a process holds, in megabytes."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
