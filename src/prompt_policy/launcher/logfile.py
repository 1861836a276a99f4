"""A log file that does not grow without bound, and reading it while it grows."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Iterator
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

from prompt_policy.errors import UsageError
from prompt_policy.launcher.private import private_opener

_BYTES: Final = 50 * 1024 * 1024
_OLD_FILES: Final = 3
_PAUSE_S: Final = 0.2


class _Private(RotatingFileHandler):
    """Opens each new file for its owner only."""

    def _open(self) -> TextIOWrapper:
        return open(self.baseFilename, self.mode, encoding=self.encoding, opener=private_opener)  # type: ignore[return-value]


class LogFile:
    """Writes lines to a file, and starts a new one every 50 MiB; three old ones are kept as ``.1`` to ``.3``.

    It is readable by its owner only: the text of requests may stand in it. Raise UsageError where it cannot be written.
    """

    def __init__(self, path: Path, *, most_bytes: int = _BYTES) -> None:
        self.path = path
        try:
            self._handler = _Private(path, maxBytes=most_bytes, backupCount=_OLD_FILES, encoding="utf-8")
        except OSError as error:
            raise UsageError(f"--log-file {path}: {error.strerror}") from None

    def write(self, line: str) -> None:
        """Add one line. May be called from any thread."""
        self._handler.handle(logging.LogRecord("", logging.INFO, "", 0, line, None, None))

    def close(self) -> None:
        """Write no more."""
        self._handler.close()


def last_lines(path: Path, count: int) -> list[str]:
    """Return the last lines of a log, those of older files too where the newest has not as many."""
    lines: deque[str] = deque(maxlen=count)
    for file in [*(path.with_name(f"{path.name}.{n}") for n in range(_OLD_FILES, 0, -1)), path]:
        if file.exists():
            lines.extend(file.read_text(encoding="utf-8", errors="replace").splitlines())
    return list(lines)


def following(path: Path) -> Iterator[str | None]:
    """Yield each line that is added from now on, across changes of the file; None where nothing came for a moment."""
    file = path.open(encoding="utf-8", errors="replace")
    file.seek(0, 2)
    try:
        while True:
            if line := file.readline():
                yield line.rstrip("\n")
                continue
            if _was_replaced(path, file.fileno()):
                yield from (rest.rstrip("\n") for rest in file)
                file.close()
                file = path.open(encoding="utf-8", errors="replace")
            yield None
            time.sleep(_PAUSE_S)
    finally:
        file.close()


def _was_replaced(path: Path, descriptor: int) -> bool:
    import os

    try:
        return path.stat().st_ino != os.fstat(descriptor).st_ino
    except FileNotFoundError:  # between two files
        return False
