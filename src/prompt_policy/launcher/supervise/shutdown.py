"""The events that end a run: a signal, the death of a child process, or a timeout."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from types import FrameType
from typing import Final

from prompt_policy.launcher.supervise.child import Child
from prompt_policy.net import get

_PAUSE_S: Final = 0.2
_REQUEST_TIMEOUT_S: Final = 2.0


class RunEnded(Exception):
    """The run has ended; the message gives the reason. ``status`` is the exit code of the command."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class ShutdownMonitor:
    """Watches signals and child processes. Once ``is_ready`` is set, a signal ends the run with exit code 0."""

    def __init__(self) -> None:
        self.children: list[Child] = []
        self.is_ready = False
        self._signal: int | None = None

    def check(self) -> None:
        """Sleep for a moment. Then raise RunEnded if a signal has arrived or a child has died."""
        time.sleep(_PAUSE_S)
        if self._signal is not None:
            name = signal.Signals(self._signal).name
            raise RunEnded(f"{name}: stopping", 0 if self.is_ready else 128 + self._signal)
        for child in self.children:
            if (status := child.status()) is not None:
                raise RunEnded(child.exit_message(status), 1)

    def wait_for_http(self, child: Child, url: str, timeout_s: float) -> None:
        """Poll until a GET of ``url`` succeeds. Raise RunEnded on timeout, or as ``check`` does."""
        self.wait_until(child, lambda: _responds(url), "does not answer", timeout_s)

    def wait_until(self, child: Child, predicate: Callable[[], bool], timeout_message: str, timeout_s: float) -> None:
        """Poll until ``predicate()`` is true. Raise RunEnded with ``timeout_message`` on timeout, or as ``check``."""
        deadline = time.monotonic() + timeout_s
        while True:
            self.check()
            if predicate():
                return
            if time.monotonic() > deadline:
                message = f"{child.name} {timeout_message} after {timeout_s:g} s (--timeout); {child.recent_output()}"
                raise RunEnded(message, 1)

    def on_signal(self, number: int, _: FrameType | None) -> None:
        """Record a signal; the next ``check`` acts on it."""
        self._signal = number


@contextmanager
def monitor_shutdown() -> Iterator[ShutdownMonitor]:
    """Yield a monitor that handles SIGINT, SIGTERM and SIGHUP while the block runs."""
    monitor = ShutdownMonitor()
    handled = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup ignores it
        handled.append(signal.SIGHUP)
    previous = {number: signal.signal(number, monitor.on_signal) for number in handled}
    try:
        yield monitor
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _responds(url: str) -> bool:
    try:
        get(url, timeout_s=_REQUEST_TIMEOUT_S, direct=True)
    except (OSError, HTTPException):
        return False
    return True
