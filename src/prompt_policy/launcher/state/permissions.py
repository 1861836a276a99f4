"""Folders and files that are private to their owner from their creation on, whatever the umask."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from prompt_policy.errors import UsageError

_FOLDER_MODE: Final = 0o700
_FILE_MODE: Final = 0o600
_GROUP_AND_OTHERS: Final = 0o077


def ensure_private_folder(folder: Path) -> None:
    """Create a folder that only its owner can access, or restrict an existing one.

    Missing parents are created likewise. Raise OSError, or UsageError if the folder, or the link to it, belongs to
    another user.
    """
    if not folder.parent.exists():
        ensure_private_folder(folder.parent)
    folder.mkdir(_FOLDER_MODE, exist_ok=True)
    status = folder.stat()
    if {folder.lstat().st_uid, status.st_uid} != {os.getuid()}:
        raise UsageError(f"{folder} belongs to another user")
    if status.st_mode & _GROUP_AND_OTHERS:
        folder.chmod(_FOLDER_MODE)


def open_private(path: str, flags: int) -> int:
    """Open a file that only its owner can access; an ``opener`` for ``open``. An existing file is restricted.

    The mode of anything but a regular file, such as ``/dev/null``, is left unchanged.
    """
    descriptor = os.open(path, flags, _FILE_MODE)
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISREG(mode) and mode & _GROUP_AND_OTHERS:
            os.fchmod(descriptor, _FILE_MODE)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
