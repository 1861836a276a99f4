"""What tells that a file was changed: another inode, size or time, wherever links lead to."""

from __future__ import annotations

from pathlib import Path

Stamp = tuple[int, int, int, int]


def stamp_of(path: Path) -> Stamp | None:
    """Return a file's stamp, or None where there is none to be read; never ordered, for clocks jump back."""
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
