"""The memory that a new process may use, from /proc and the container's cgroup; unknown outside Linux."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

_PAGE_CACHE: Final = re.compile(r"^inactive_file (\d+)$", re.MULTILINE)  # the kernel frees it when memory is needed
_CGROUP: Final = Path("/sys/fs/cgroup")


def available_memory(meminfo: Path = Path("/proc/meminfo"), cgroup: Path = _CGROUP) -> int | None:
    """Return the available bytes of the machine or of the container, whichever is less, or None if unknown."""
    sizes = [*_machine_memory(meminfo), *_container_memory(cgroup)]
    return min(sizes) if sizes else None


def _machine_memory(meminfo: Path) -> Iterator[int]:
    with suppress(OSError):
        for line in meminfo.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                yield int(line.split()[1]) * 1024


def _container_memory(cgroup: Path) -> Iterator[int]:
    for limit, usage in (("memory.max", "memory.current"),
                         ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes")):  # fmt: skip
        with suppress(OSError, ValueError):  # "max" means unlimited
            stat = (cgroup / usage).with_name("memory.stat").read_text()
            used = int((cgroup / usage).read_text()) - sum(map(int, _PAGE_CACHE.findall(stat)))
            yield int((cgroup / limit).read_text()) - used
