"""Timing of calls in turns, so that whatever else the machine does falls on all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence


def seconds(work: Callable[[], object], calls: int = 1) -> float:
    """Return the seconds that one of some calls took."""
    begun = time.perf_counter()
    for _ in range(calls):
        work()
    return (time.perf_counter() - begun) / calls


def in_turns(works: Sequence[Callable[[], object]], *, blocks: int, calls: int) -> list[tuple[float, ...]]:
    """Return the seconds of a call of each, block by block; in every block each has its turn. The first warms up."""
    return [tuple(seconds(work, calls) for work in works) for _ in range(blocks + 1)][1:]
