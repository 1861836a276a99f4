"""Run a command that cannot outlive the process which holds the other end of our standard input.

``python -I -S leash.py GRACE COMMAND…`` needs nothing but the standard library. When standard input ends, because it
was closed or because its holder died of whatever cause, the command's process group is asked to end, and killed where
it does not within GRACE seconds. Unlike ``prctl(PR_SET_PDEATHSIG)`` it works outside Linux, and reaches the command's
own worker processes.
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
_CHUNK: Final = 4096


def main() -> int:
    """Run the command to its end and return its exit status, 128 and more where a signal ended it."""
    grace_s, *argv = sys.argv[1:]
    command = subprocess.Popen(argv, stdin=subprocess.DEVNULL, start_new_session=True)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _signal_group(command.pid, signal.SIGTERM))
    threading.Thread(target=_end_on_release, args=(command.pid, float(grace_s)), daemon=True).start()
    status = command.wait()
    _signal_group(command.pid, signal.SIGKILL)  # what the command left behind
    return status if status >= 0 else 128 - status


def _end_on_release(group: int, grace_s: float) -> None:
    while os.read(_STDIN, _CHUNK):
        pass
    _signal_group(group, signal.SIGTERM)
    time.sleep(grace_s)
    _signal_group(group, signal.SIGKILL)


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # the latter is macOS's word for a dead group
        os.killpg(group, number)


if __name__ == "__main__":
    sys.exit(main())
