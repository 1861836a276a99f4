"""Write files atomically: under a temporary name, which replaces the file once everything is written."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

_MODE: Final = 0o666
_BUFFER_BYTES: Final = 1024 * 1024


@contextmanager
def write_atomically(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for writing. It appears, or is replaced, when the block ends; if the block fails, nothing changes.

    What is not a regular file, such as a pipe or ``/dev/null``, is written directly. A symbolic link is followed.
    Raise OSError if it cannot be written.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        with target.open("wb") as stream:
            yield stream
        return
    handle, name = tempfile.mkstemp(prefix=".prompt-policy-", suffix=".part", dir=target.parent)
    try:
        with open(handle, "wb", _BUFFER_BYTES) as stream:  # noqa: PTH123 - of a file descriptor
            yield stream
            stream.flush()
            os.fchmod(handle, _find_mode(target))
            os.fsync(handle)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _find_mode(target: Path) -> int:
    """Return the permissions of the file that is replaced, or those of a new file."""
    try:
        return stat.S_IMODE(target.stat().st_mode)
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return _MODE & ~mask
