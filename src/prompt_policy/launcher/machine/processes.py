"""Other processes, by psutil of the ``launcher`` extra. Without psutil nothing is known of them.

The commands work without it: ``status`` shows no memory, and ``stop`` kills the supervisor only, whose end makes
``parent_watch`` end the rest.
"""

from __future__ import annotations

from contextlib import suppress


def descendants(pid: int) -> set[int]:
    """Return the ids of a process's children, their children, and so on; an empty set without psutil."""
    try:
        import psutil
    except ImportError:
        return set()
    with suppress(psutil.Error):  # the process has ended
        return {child.pid for child in psutil.Process(pid).children(recursive=True)}
    return set()


def resident_bytes(pids: set[int]) -> int | None:
    """Return the resident memory of processes in bytes, or None if none can be read.

    Memory that several of them share counts for each.
    """
    try:
        import psutil
    except ImportError:
        return None
    sizes: list[int] = []
    for pid in pids:
        with suppress(psutil.Error):  # the process has ended, or belongs to another user
            sizes.append(psutil.Process(pid).memory_info().rss)
    return sum(sizes) if sizes else None
