"""Run a command that cannot outlive the process which holds the other end of our standard input.

``python -I -S leash.py COMMAND…`` needs nothing but the standard library. When standard input ends, because it was
closed or because its holder died of whatever cause, the command's process group is asked to end, and killed if it
does not. It works where ``prctl(PR_SET_PDEATHSIG)`` is not there, and reaches worker processes as well.
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

GRACE_S: Final = 5.0
_STDIN: Final = 0
_CHUNK: Final = 4096


def main() -> int:
    """Run the command to its end and return its exit status, 128 and more where a signal ended it."""
    command = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, start_new_session=True)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _signal_group(command.pid, signal.SIGTERM))
    threading.Thread(target=_end_on_release, args=(command.pid,), daemon=True).start()
    status = command.wait()
    _signal_group(command.pid, signal.SIGKILL)  # what the command left behind
    return status if status >= 0 else 128 - status


def _end_on_release(group: int) -> None:
    while os.read(_STDIN, _CHUNK):
        pass
    _signal_group(group, signal.SIGTERM)
    time.sleep(GRACE_S)
    _signal_group(group, signal.SIGKILL)


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # the latter is macOS's word for a dead group
        os.killpg(group, number)


if __name__ == "__main__":
    sys.exit(main())
