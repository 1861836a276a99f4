"""Run a command that cannot outlive the process at the other end of its standard input.

``python -I -S parent_watch.py GRACE COMMAND…`` needs the standard library only. Standard input ends when the parent
closes the pipe or dies. Then the command's process group gets SIGTERM, and SIGKILL after GRACE seconds. Unlike
``prctl(PR_SET_PDEATHSIG)`` this also works outside Linux, and also ends the command's worker processes.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from typing import Final

_STDIN: Final = 0
_CHUNK_BYTES: Final = 4096


def main() -> int:
    """Run the command and return its exit status: 128 + n if signal n ended it."""
    grace_s, *argv = sys.argv[1:]
    command = subprocess.Popen(argv, stdin=subprocess.DEVNULL, start_new_session=True)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _signal_group(command.pid, signal.SIGTERM))
    threading.Thread(target=_end_with_stdin, args=(command.pid, float(grace_s)), daemon=True).start()
    status = command.wait()
    _signal_group(command.pid, signal.SIGKILL)  # processes that the command left behind
    return status if status >= 0 else 128 - status


def _end_with_stdin(group: int, grace_s: float) -> None:
    while os.read(_STDIN, _CHUNK_BYTES):
        pass
    _signal_group(group, signal.SIGTERM)
    time.sleep(grace_s)
    _signal_group(group, signal.SIGKILL)


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS raises the latter for a group that has ended
        os.killpg(group, number)


if __name__ == "__main__":
    sys.exit(main())
