"""Samples of a proxy's resources (memory, file descriptors, threads, tasks, processor time), and their slopes."""

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

from prompt_policy.launcher.machine.processes import descendants

_MB: Final = 1024.0
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_STALE_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Sample:
    """The resources of all processes of a proxy. Memory in MB (2**20 bytes), times in seconds."""

    at_s: float
    rss_mb: float
    pss_mb: float
    fds: int
    threads: int
    tasks: int | None
    cpu_s: float


def take_sample(pid: int, folder: Path) -> Sample:
    """Return a sample of a process and its descendants; ``folder`` contains the files of ``task_count``."""
    pids = {pid} | descendants(pid)
    memory = [_read_memory(each) for each in pids]
    tasks = count_tasks(folder, pids)
    return Sample(
        time.time(),
        sum(rss for rss, _pss in memory) / _MB,
        sum(pss for _rss, pss in memory) / _MB,
        sum(_count_entries(each, "fd") for each in pids),
        sum(_count_entries(each, "task") for each in pids),
        None if tasks is None else tasks.total(),
        sum(_read_cpu_s(each) for each in pids),
    )


def count_tasks(folder: Path, pids: set[int]) -> Counter[str] | None:
    """Return the number of tasks of each coroutine; None if no process wrote its file recently."""
    counts = Counter[str]()
    is_known = False
    for pid in pids:
        with suppress(OSError):
            file = folder / f"tasks-{pid}.json"
            if time.time() - file.stat().st_mtime < _STALE_S:
                counts.update(json.loads(file.read_text()))
                is_known = True
    return counts if is_known else None


def _read_memory(pid: int) -> tuple[int, int]:
    """Return the resident and the proportional set size in kB."""
    with suppress(OSError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
        sizes = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}
        return sizes["Rss"], sizes["Pss"]
    return 0, 0


def _count_entries(pid: int, folder: str) -> int:
    with suppress(OSError):
        return sum(1 for _ in Path(f"/proc/{pid}/{folder}").iterdir())
    return 0


def _read_cpu_s(pid: int) -> float:
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS
    return 0.0


class Slope(NamedTuple):
    """A change per hour, with its standard error."""

    per_hour: float
    error: float


def fit_slope(times_s: Sequence[float], values: Sequence[float]) -> Slope | None:
    """Fit a line by least squares; None for fewer than three points."""
    if len(times_s) < 3:
        return None
    hours = [(time_s - times_s[0]) / 3600 for time_s in times_s]
    rise, base = statistics.linear_regression(hours, values)
    squares = sum((value - base - rise * hour) ** 2 for hour, value in zip(hours, values, strict=True))
    middle = statistics.fmean(hours)
    spread = sum((hour - middle) ** 2 for hour in hours)
    return Slope(rise, math.sqrt(squares / (len(hours) - 2) / spread))


def select_later_half(samples: Sequence[Sample]) -> Sequence[Sample]:
    """Return the samples of the second half of the time."""
    if not samples:
        return samples
    middle = (samples[0].at_s + samples[-1].at_s) / 2
    return [sample for sample in samples if sample.at_s >= middle]
