"""Compare answers in a separate process, which is killed on timeout, because some comparisons never terminate.

The simplification of an expression, and a pattern or a recursive reference in a JSON schema, can take exponential time.
"""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable
from functools import lru_cache
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Final

CompareFunction = Callable[[str, str], bool | None]
"""Takes the expected and the given answer; returns whether they match, or None if that is undecidable."""

_STARTUP_TIMEOUT_S: Final = 60.0
_READY: Final = "ready"
MAX_CACHED_COMPARISONS: Final = 10_000


class TimedComparison:
    """Compares answers with a function of the expected and the given one. A context manager; recent results are cached.

    Arguments:
        compare: the function. It must be picklable, and return None if the comparison is undecidable.
        timeout_s: the time limit of one comparison, in seconds.
    """

    def __init__(self, compare: CompareFunction, timeout_s: float = 5.0) -> None:
        self._compare, self._timeout_s = compare, timeout_s
        self._cached_query = lru_cache(MAX_CACHED_COMPARISONS)(self._query)
        self._process: BaseProcess | None = None
        self._connection: Connection | None = None

    def __call__(self, expected: str, given: str) -> bool | None:
        """Return whether an answer matches the expected one; None if that was not decided within the time limit."""
        return self._cached_query(expected, given)

    def __enter__(self) -> TimedComparison:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._kill()

    def _query(self, expected: str, given: str) -> bool | None:
        try:
            connection = self._connection or self._start()
            connection.send((expected, given))
            if connection.poll(self._timeout_s):
                reply = connection.recv()
                return reply if isinstance(reply, bool) else None
        except (EOFError, OSError):  # the process died: out of memory, or the recursion was too deep
            pass
        self._kill()
        return None

    def _start(self) -> Connection:
        context = get_context("spawn")
        self._connection, child_end = context.Pipe()
        self._process = context.Process(target=_serve, args=(child_end, self._compare), daemon=True)
        self._process.start()
        child_end.close()
        if not self._connection.poll(_STARTUP_TIMEOUT_S) or self._connection.recv() != _READY:
            raise EOFError
        return self._connection

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
        if self._connection is not None:
            self._connection.close()
        self._process = self._connection = None


def _serve(connection: Connection, compare: CompareFunction) -> None:
    """Answer comparisons until the other end of the connection is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.disable()  # math-verify warns that it has no timeout; the parent process enforces one
    compare("1", "1")  # the first call takes a second, for imports
    connection.send(_READY)
    while True:
        try:
            expected, given = connection.recv()
        except EOFError:
            return
        connection.send(compare(expected, given))
