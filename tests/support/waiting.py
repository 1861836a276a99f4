"""Wait for a condition that another process or thread fulfils."""

from __future__ import annotations

import time
from collections.abc import Callable


def wait_until(
    is_fulfilled: Callable[[], object], *, seconds: float = 60, describe: Callable[[], str] = lambda: ""
) -> None:
    """Wait until a condition holds; fail after a time that suffices on a busy machine.

    Arguments:
        seconds: the time after which the wait fails.
        describe: returns what the failure shows, such as a server's log.
    """
    deadline = time.monotonic() + seconds
    while not is_fulfilled():
        assert time.monotonic() < deadline, f"not fulfilled within {seconds:g} seconds\n{describe()[-8000:]}"
        time.sleep(0.02)
