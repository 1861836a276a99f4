"""Timing of alternating calls, so that other work on the machine affects all of them equally."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

Work = Callable[[], object]


def measure_seconds(work: Work, calls: int = 1) -> float:
    """Return the mean processor time of a call in this thread, in seconds."""
    begun = time.thread_time()
    for _ in range(calls):
        work()
    return (time.thread_time() - begun) / calls


def measure_in_turns(works: Sequence[Work], *, blocks: int, calls: int) -> list[tuple[float, ...]]:
    """Return the seconds of a call of each function, for each block; every block runs each function.

    An additional first block warms up and is discarded.
    """
    return [tuple(measure_seconds(work, calls) for work in works) for _ in range(blocks + 1)][1:]


def measure_added(work: Work, beside: Work, *, blocks: int, calls: int) -> list[float]:
    """Return the seconds of a call minus those of the call beside it, for each block."""
    return [with_it - without for with_it, without in measure_in_turns([work, beside], blocks=blocks, calls=calls)]
