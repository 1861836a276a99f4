"""When requests are sent: so many at a time, or each at its time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable
from typing import TypeAlias

from prompt_policy.bench.arms import Asked
from prompt_policy.bench.plan import Item

Work: TypeAlias = "list[tuple[Item, Asked]]"
Sending: TypeAlias = Callable[[Item, Asked], Coroutine[None, None, None]]


async def closed(work: Work, one: Sending, width: int) -> None:
    """Keep so many requests under way until all were sent."""
    left = iter(work)

    async def worker() -> None:
        for item, asked in left:
            await one(item, asked)

    await every(worker() for _ in range(width))


async def opened(work: Work, one: Sending, begun: float) -> None:
    """Send each request at its time, counted from ``begun``, whatever became of those before."""

    async def at_its_time(item: Item, asked: Asked) -> None:
        await asyncio.sleep(max(0.0, begun + (item.due_s or 0) - time.perf_counter()))
        await one(item, asked)

    await every(at_its_time(item, asked) for item, asked in work)


async def every(workers: Iterable[Coroutine[None, None, None]]) -> None:
    """Wait for all; the first that fails ends the others, and is raised."""
    tasks = [asyncio.create_task(worker) for worker in workers]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
