"""A log file of bounded size, and functions that read it while it grows."""

from __future__ import annotations

import logging
import os
import time
from collections import deque
from collections.abc import Iterator
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

from prompt_policy.errors import UsageError
from prompt_policy.launcher.state.permissions import open_private

_MAX_FILE_BYTES: Final = 50 * 1024 * 1024
_MAX_OLD_FILES: Final = 3
_PAUSE_S: Final = 0.2


class _PrivateFileHandler(RotatingFileHandler):
    """Opens each new file with access for its owner only."""

    def _open(self) -> TextIOWrapper:
        return open(self.baseFilename, self.mode, encoding=self.encoding, opener=open_private)  # type: ignore[return-value]


class LogFile:
    """Writes lines to a file that is rotated every 50 MiB; three old files are kept as ``.1`` to ``.3``.

    Only its owner can read it, because it may contain the text of requests. Raise UsageError if it cannot be opened.
    """

    def __init__(self, path: Path, *, max_bytes: int = _MAX_FILE_BYTES) -> None:
        self.path = path
        try:
            self._handler = _PrivateFileHandler(
                path, maxBytes=max_bytes, backupCount=_MAX_OLD_FILES, encoding="utf-8"
            )  # fmt: skip
        except OSError as error:
            raise UsageError(f"--log-file {path}: {error.strerror}") from None

    def write(self, line: str) -> None:
        """Append one line. May be called from several threads."""
        self._handler.handle(logging.LogRecord("", logging.INFO, "", 0, line, None, None))

    def close(self) -> None:
        """Close the file."""
        self._handler.close()


def read_last_lines(path: Path, count: int) -> list[str]:
    """Return the last lines of a log, continuing into rotated files if the newest has fewer."""
    lines: deque[str] = deque(maxlen=count)
    for file in [*(path.with_name(f"{path.name}.{n}") for n in range(_MAX_OLD_FILES, 0, -1)), path]:
        if file.exists():
            lines.extend(file.read_text(encoding="utf-8", errors="replace").splitlines())
    return list(lines)


def follow_log(path: Path) -> Iterator[str | None]:
    """Yield each line appended from now on, across rotations; yield None whenever there is no new line yet."""
    file = path.open(encoding="utf-8", errors="replace")
    file.seek(0, 2)
    try:
        while True:
            if line := file.readline():
                yield line.rstrip("\n")
                continue
            if _was_rotated(path, file.fileno()):
                yield from (rest.rstrip("\n") for rest in file)
                file.close()
                file = path.open(encoding="utf-8", errors="replace")
            yield None
            time.sleep(_PAUSE_S)
    finally:
        file.close()


def _was_rotated(path: Path, descriptor: int) -> bool:
    try:
        return path.stat().st_ino != os.fstat(descriptor).st_ino
    except FileNotFoundError:  # the old file has been renamed, the new one does not exist yet
        return False
