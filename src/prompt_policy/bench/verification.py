"""math-verify in a process of its own, which is killed where it takes too long: some input never ends."""

from __future__ import annotations

import logging
import signal
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Final

_START_S: Final = 60.0
_READY: Final = "ready"


class Verifier:
    """Compares expressions. A context manager; ``verify`` remembers what it found.

    Arguments:
        timeout_s: after how long a comparison is given up.
    """

    def __init__(self, timeout_s: float = 5.0) -> None:
        self._timeout_s = timeout_s
        self._known: dict[tuple[str, str], bool | None] = {}
        self._process: BaseProcess | None = None
        self._line: Connection | None = None

    def verify(self, right: str, given: str) -> bool | None:
        """Tell whether an expression equals the right one; None where that cannot be told."""
        pair = (right, given)
        if pair not in self._known:
            self._known[pair] = self._asked(pair)
        return self._known[pair]

    def __enter__(self) -> Verifier:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._kill()

    def _asked(self, pair: tuple[str, str]) -> bool | None:
        try:
            line = self._line or self._start()
            line.send(pair)
            if line.poll(self._timeout_s):
                said = line.recv()
                return said if isinstance(said, bool) else None
        except (EOFError, OSError):  # it died: out of memory, or too deep a recursion
            pass
        self._kill()
        return None

    def _start(self) -> Connection:
        context = get_context("spawn")
        self._line, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()
        if not self._line.poll(_START_S) or self._line.recv() != _READY:
            raise EOFError
        return self._line

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
        if self._line is not None:
            self._line.close()
        self._process = self._line = None


def _serve(line: Connection) -> None:
    """Answer comparisons until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.disable()  # it warns of the missing limit of time, which is kept from outside
    compared("1", "1")  # the first one takes a second, for imports
    line.send(_READY)
    while True:
        try:
            right, given = line.recv()
        except EOFError:
            return
        line.send(compared(right, given))


def compared(right: str, given: str) -> bool | None:
    """Compare two expressions with math-verify, without a limit of time; None where the right one is no mathematics."""
    from math_verify import LatexExtractionConfig, parse, verify

    known = {"extraction_config": [LatexExtractionConfig()], "parsing_timeout": None, "raise_on_error": False}
    gold, target = parse(f"${right}$", **known), parse(f"${given}$", **known)
    if not gold:
        return None
    return bool(target) and bool(verify(gold, target, timeout_seconds=None, raise_on_error=False))
