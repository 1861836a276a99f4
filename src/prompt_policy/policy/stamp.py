"""What tells that a file was changed: another inode, size or time, wherever links lead to.

The time of the last change to the inode is in it, too: a file of the same size that is written with an old time, as
archives and images with all times set to one value have it, may even get the inode of the one that it replaces; and
that time tells of a file whose permissions were mended.
"""

from __future__ import annotations

from pathlib import Path

Stamp = tuple[int, int, int, int, int]


def stamp_of(path: Path) -> Stamp | None:
    """Return a file's stamp, or None where there is none to be read; never ordered, for clocks jump back."""
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
