"""Folders and files that only their owner may read, from the moment that they are there and whatever the umask."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from prompt_policy.errors import UsageError

_FOLDER: Final = 0o700
_FILE: Final = 0o600
_OTHERS: Final = 0o077


def private_folder(folder: Path) -> None:
    """Make a folder for its owner only, or close one that is there already.

    Folders above it that are missing are made likewise. Raise OSError, or UsageError where it belongs to another user
    or is another user's link.
    """
    if not folder.parent.exists():
        private_folder(folder.parent)
    folder.mkdir(_FOLDER, exist_ok=True)
    found = folder.stat()
    if {folder.lstat().st_uid, found.st_uid} != {os.getuid()}:
        raise UsageError(f"{folder} belongs to another user")
    if found.st_mode & _OTHERS:
        folder.chmod(_FOLDER)


def private_opener(path: str, flags: int) -> int:
    """Open a file for its owner only, as an ``opener`` of ``open``; one that is there already is closed to others.

    What is no regular file, such as ``/dev/null``, keeps its mode.
    """
    descriptor = os.open(path, flags, _FILE)
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISREG(mode) and mode & _OTHERS:
            os.fchmod(descriptor, _FILE)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
