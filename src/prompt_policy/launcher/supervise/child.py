"""A supervised child process. Stores its recent output; on stop, its whole process group ends."""

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

from prompt_policy.launcher.supervise import parent_watch

MAX_RECENT_LINES: Final = 40
_DEFAULT_GRACE_S: Final = 5.0
_JOIN_TIMEOUT_S: Final = 3.0


class Child:
    """A running process, started under ``parent_watch``. As a context manager it is stopped on exit.

    Arguments:
        name: the name in messages.
        command: the command to run.
        environment: all its environment variables.
        folder: its working directory.
        on_line: called with each line of its output, from another thread.
        grace_s: seconds between SIGTERM and SIGKILL on stop.
        describe_exit: returns the message for an exit status; by default the message shows the recent output.
    """

    def __init__(  # noqa: PLR0913 - what a process needs, by keyword
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: Path,
        on_line: Callable[[str], None],
        grace_s: float = _DEFAULT_GRACE_S,
        describe_exit: Callable[[int], str] | None = None,
    ) -> None:
        self.name = name
        self._grace_s = grace_s
        self._describe_exit = describe_exit
        self._recent: deque[str] = deque(maxlen=MAX_RECENT_LINES)
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", parent_watch.__file__, str(grace_s), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            cwd=folder,
            start_new_session=True,  # Ctrl-C in the terminal must reach this process only
        )
        self._reader = threading.Thread(target=self._read, args=(on_line,), daemon=True)
        self._reader.start()

    def status(self) -> int | None:
        """Return the exit status, or None while the process runs."""
        return self._process.poll()

    def exit_message(self, status: int) -> str:
        """Return the message that reports the end of the process with an exit status."""
        if self._describe_exit is None:
            return f"{self.name} ended with status {status}; {self.recent_output()}"
        self._reader.join(_JOIN_TIMEOUT_S)  # the last line may contain the cause
        return self._describe_exit(status)

    def recent_output(self) -> str:
        """Return the last lines of the output as the end of a message; complete if the process has ended."""
        if self.status() is not None:
            self._reader.join(_JOIN_TIMEOUT_S)
        return "\n".join(("its last output:", *self._recent)) if self._recent else "it printed nothing"

    def stop(self) -> None:
        """End the process and its descendants. Does nothing if it has ended already."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(self._grace_s + _JOIN_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._reader.join(_JOIN_TIMEOUT_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _read(self, on_line: Callable[[str], None]) -> None:
        if self._process.stdout is None:
            return
        # Universal newlines, because progress bars end their lines with CR.
        with io.TextIOWrapper(self._process.stdout, encoding="utf-8", errors="replace", newline=None) as output:
            for text in output:
                line = text.rstrip()
                if line:
                    self._recent.append(line)
                    on_line(line)
