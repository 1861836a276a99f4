"""What a proxy holds of the system: memory, file descriptors, threads, tasks and processor time; and slopes."""

from __future__ import annotations

import json
import math
import os
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from prompt_policy.launcher.processes import below

_MB: Final = 1024.0
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_STALE_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Sample:
    """A look at a proxy, all its processes together. Memory in MB (2**20 bytes), times in seconds."""

    at_s: float
    rss_mb: float
    pss_mb: float
    fds: int
    threads: int
    tasks: int | None
    cpu_s: float


def sample(pid: int, folder: Path) -> Sample:
    """Look at a process and all that it started; ``folder`` is where the tasks are told."""
    pids = {pid} | below(pid)
    memory = [_memory(one) for one in pids]
    tasks = tasks_in(folder, pids)
    return Sample(
        time.time(),
        sum(rss for rss, _pss in memory) / _MB,
        sum(pss for _rss, pss in memory) / _MB,
        sum(_listed(one, "fd") for one in pids),
        sum(_listed(one, "task") for one in pids),
        None if tasks is None else tasks.total(),
        sum(_cpu_s(one) for one in pids),
    )


def tasks_in(folder: Path, pids: set[int]) -> Counter[str] | None:
    """Return how many tasks there are of each coroutine; None where nobody told lately."""
    counts = Counter[str]()
    told = False
    for pid in pids:
        with suppress(OSError):
            file = folder / f"tasks-{pid}.json"
            if time.time() - file.stat().st_mtime < _STALE_S:
                counts.update(json.loads(file.read_text()))
                told = True
    return counts if told else None


def _memory(pid: int) -> tuple[int, int]:
    """Return the resident and the proportional set size in kB."""
    with suppress(OSError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
        sizes = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}
        return sizes["Rss"], sizes["Pss"]
    return 0, 0


def _listed(pid: int, folder: str) -> int:
    with suppress(OSError):
        return sum(1 for _ in Path(f"/proc/{pid}/{folder}").iterdir())
    return 0


def _cpu_s(pid: int) -> float:
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS
    return 0.0


class Slope(NamedTuple):
    """A change per hour, with its standard error."""

    per_hour: float
    error: float


def slope(times_s: Sequence[float], values: Sequence[float]) -> Slope | None:
    """Fit a line by least squares; None for fewer than three points."""
    if len(times_s) < 3:
        return None
    hours = [(time_s - times_s[0]) / 3600 for time_s in times_s]
    rise, base = statistics.linear_regression(hours, values)
    squares = sum((value - base - rise * hour) ** 2 for hour, value in zip(hours, values, strict=True))
    middle = statistics.fmean(hours)
    spread = sum((hour - middle) ** 2 for hour in hours)
    return Slope(rise, math.sqrt(squares / (len(hours) - 2) / spread))


def later_half(samples: Sequence[Sample]) -> Sequence[Sample]:
    """Return the samples of the second half of the time."""
    if not samples:
        return samples
    middle = (samples[0].at_s + samples[-1].at_s) / 2
    return [one for one in samples if one.at_s >= middle]
