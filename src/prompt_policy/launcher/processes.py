"""Other processes, as /proc tells of them; elsewhere than on Linux nothing is known."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_PARENT: Final = 1
_RESIDENT_PAGES: Final = 21


def below(pid: int) -> set[int]:
    """Return the processes that a process started, and those that they started."""
    parents = dict(_parents())
    found: set[int] = set()
    level = {pid}
    while level:
        level = {child for child, parent in parents.items() if parent in level} - found
        found |= level
    return found


def resident_bytes(pids: set[int]) -> int | None:
    """Return the memory that processes hold, or None where nothing is known. Shared pages count each time."""
    pages = [int(fields[_RESIDENT_PAGES]) for pid in pids if (fields := _fields(pid))]
    return sum(pages) * os.sysconf("SC_PAGE_SIZE") if pages else None


def _parents() -> Iterator[tuple[int, int]]:
    for folder in _PROC.glob("[0-9]*"):
        if fields := _fields(int(folder.name)):
            yield int(folder.name), int(fields[_PARENT])


def _fields(pid: int) -> list[str]:
    """Return the fields of ``/proc/PID/stat`` after the name, which may hold anything."""
    with suppress(OSError):
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return []
