"""Apply a function to chunks in several processes; the results keep the order of the chunks."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import connection, get_context, parent_process
from typing import Any, Final, TypeVar

from prompt_policy.errors import UsageError

log = logging.getLogger("prompt_policy")
Chunk = TypeVar("Chunk")
Results = TypeVar("Results")
_WAITING_PER_JOB: Final = 2
"""Chunks that wait per process, so that none is idle; more would only need memory."""
_FUNCTIONS: dict[str, Callable[[Any], Any]] = {}


def map_chunks(function: Callable[[Chunk], Results], chunks: Iterable[Chunk], jobs: int) -> Generator[Results]:
    """Yield the results of a function for chunks, in their order.

    Arguments:
        function: can be pickled if there are several processes.
        chunks: read as needed, so that memory does not grow with their number.
        jobs: the number of processes; 1: no process is started.

    Raise UsageError if a process ends unexpectedly.
    """
    if jobs == 1:
        yield from map(function, chunks)
        return
    # Spawned processes share nothing with this one, whose threads would make forking unsafe.
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), _start_process, (function, log.level))
    try:
        yield from _map_in_pool(pool, iter(chunks), jobs * _WAITING_PER_JOB)
    except BrokenProcessPool:
        raise UsageError("a process ended unexpectedly, perhaps for lack of memory; use fewer --jobs") from None
    finally:
        pool.shutdown(cancel_futures=True)


def _map_in_pool(pool: ProcessPoolExecutor, chunks: Iterator[Chunk], waiting: int) -> Iterator[Any]:
    pending: deque[Future[Any]] = deque(pool.submit(_call, chunk) for chunk in islice(chunks, waiting))
    while pending:
        result = pending.popleft().result()
        pending.extend(pool.submit(_call, chunk) for chunk in islice(chunks, 1))
        yield result


def _start_process(function: Callable[[Any], Any], log_level: int) -> None:
    """Store the function of this process. The parent alone handles interrupts; without it, the process ends."""
    log.setLevel(log_level)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _FUNCTIONS["chunk"] = function
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _call(chunk: Any) -> Any:  # noqa: ANN401 - the types are those of the function
    return _FUNCTIONS["chunk"](chunk)
