"""What ends a run: a signal, a child's death, or patience."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from types import FrameType
from typing import Final

from prompt_policy.launcher.child import Child
from prompt_policy.launcher.fetch import fetched

_PAUSE_S: Final = 0.2
_PROBE_S: Final = 2.0


class Ending(Exception):
    """The run is over, for the reason that the message gives. ``status`` is the exit code that follows."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Watch:
    """An eye on signals and children. ``ready`` says that a signal is the ordinary end by now."""

    def __init__(self) -> None:
        self.children: list[Child] = []
        self.ready = False
        self._signal: int | None = None

    def pause(self) -> None:
        """Wait a moment. Raise Ending where a signal came or a child died."""
        time.sleep(_PAUSE_S)
        if self._signal is not None:
            name = signal.Signals(self._signal).name
            raise Ending(f"{name}: stopping", 0 if self.ready else 128 + self._signal)
        for child in self.children:
            if (status := child.status()) is not None:
                raise Ending(child.obituary(status), 1)

    def await_answer(self, child: Child, url: str, timeout_s: float) -> None:
        """Wait until a GET answers with success. Raise Ending where that does not happen."""
        self.await_truth(child, lambda: _answers(url), "does not answer", timeout_s)

    def await_truth(self, child: Child, is_true: Callable[[], bool], silence: str, timeout_s: float) -> None:
        """Wait until something is true of a child. Raise Ending, with the words of ``silence``, where it is not."""
        deadline = time.monotonic() + timeout_s
        while True:
            self.pause()
            if is_true():
                return
            if time.monotonic() > deadline:
                raise Ending(f"{child.name} {silence} after {timeout_s:g} s (--timeout); {child.last_words()}", 1)

    def notice(self, number: int, _: FrameType | None) -> None:
        """Take a signal, to be acted on at the next pause."""
        self._signal = number


@contextmanager
def watching() -> Iterator[Watch]:
    """Give a watch that takes SIGINT, SIGTERM and SIGHUP until the end of the block."""
    watch = Watch()
    taken = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # ignored under nohup
        taken.append(signal.SIGHUP)
    before = {number: signal.signal(number, watch.notice) for number in taken}
    try:
        yield watch
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _answers(url: str) -> bool:
    try:
        fetched(url, timeout_s=_PROBE_S, direct=True)
    except (OSError, HTTPException):
        return False
    return True
