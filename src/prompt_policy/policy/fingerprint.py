"""Fingerprint a file for change detection: device, inode, size, mtime and ctime, with symbolic links resolved.

Archives and images write files with old or equal modification times; a replacement of the same size may even reuse the
inode. ctime still changes. It also changes when a file's permissions are fixed.
"""

from __future__ import annotations

from pathlib import Path

Fingerprint = tuple[int, int, int, int, int]


def fingerprint(path: Path) -> Fingerprint | None:
    """Return a file's fingerprint, or None if the file cannot be examined.

    Compare fingerprints for equality only: clocks may go backwards.
    """
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
