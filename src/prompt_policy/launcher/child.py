"""A child process: started on a leash, its last lines kept, ended together with all that it started."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from prompt_policy.launcher import leash

_LINES_KEPT: Final = 40
_GRACE_S: Final = 5.0
_LEEWAY_S: Final = 3.0


class Child:
    """A running process. As a context manager it is stopped on the way out.

    Arguments:
        name: what messages call it.
        on_line: gets each line that it prints, from another thread.
        grace_s: seconds between being asked to end and being killed.
        obituary: tells from an exit status what happened; None: the last lines do.
    """

    def __init__(  # noqa: PLR0913 - what a process needs, by keyword
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: Path,
        on_line: Callable[[str], None],
        grace_s: float = _GRACE_S,
        obituary: Callable[[int], str] | None = None,
    ) -> None:
        self.name = name
        self._grace_s = grace_s
        self._obituary = obituary
        self._last: deque[str] = deque(maxlen=_LINES_KEPT)
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", leash.__file__, str(grace_s), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            cwd=folder,
            start_new_session=True,  # Ctrl-C is for us alone
        )
        self._reader = threading.Thread(target=self._read, args=(on_line,), daemon=True)
        self._reader.start()

    def status(self) -> int | None:
        """Return the exit status, or None while the process runs."""
        return self._process.poll()

    def obituary(self, status: int) -> str:
        """Return what is to be said of its end with an exit status."""
        if self._obituary is None:
            return f"{self.name} ended with status {status}; {self.last_words()}"
        self._reader.join(_LEEWAY_S)  # its last line may be the one that tells
        return self._obituary(status)

    def last_words(self) -> str:
        """Return the last lines that it printed, ready to be put after a semicolon; after its end, really the last."""
        if self.status() is not None:
            self._reader.join(_LEEWAY_S)
        return "\n".join(("it last said:", *self._last)) if self._last else "it said nothing"

    def stop(self) -> None:
        """End the process and whatever it started. Nothing happens where it has ended already."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(self._grace_s + _LEEWAY_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._reader.join(_LEEWAY_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _read(self, on_line: Callable[[str], None]) -> None:
        if self._process.stdout is None:
            return
        # Universal newlines: a progress bar ends its lines with CR.
        with io.TextIOWrapper(self._process.stdout, encoding="utf-8", errors="replace", newline=None) as output:
            for text in output:
                line = text.rstrip()
                if line:
                    self._last.append(line)
                    on_line(line)
