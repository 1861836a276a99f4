"""Pace the requests of a block: a fixed number at a time, or each at its scheduled time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable
from typing import TypeAlias

from prompt_policy.bench.load.requests import PreparedRequest
from prompt_policy.bench.plan import PlannedRequest

Workload: TypeAlias = list[tuple[PlannedRequest, PreparedRequest]]
SendFunction: TypeAlias = Callable[[PlannedRequest, PreparedRequest], Coroutine[None, None, None]]


async def run_closed_loop(workload: Workload, send_one: SendFunction, concurrency: int) -> None:
    """Keep ``concurrency`` requests in flight until all are sent."""
    remaining = iter(workload)

    async def worker() -> None:
        for item, request in remaining:
            await send_one(item, request)

    await gather_or_cancel(worker() for _ in range(concurrency))


async def run_open_loop(workload: Workload, send_one: SendFunction, started: float) -> None:
    """Send each request at its scheduled time, regardless of earlier requests.

    ``started`` is the time of ``time.perf_counter`` to which the schedule is relative.
    """

    async def send_when_due(item: PlannedRequest, request: PreparedRequest) -> None:
        due = started + (item.due_s or 0)
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        while (early_s := due - time.perf_counter()) > 0:  # the timer of a loop may fire early
            await asyncio.sleep(early_s)
        await send_one(item, request)

    await gather_or_cancel(send_when_due(item, request) for item, request in workload)


async def gather_or_cancel(workers: Iterable[Coroutine[None, None, None]]) -> None:
    """Wait for all workers. If one raises, cancel the others and raise its error."""
    tasks = [asyncio.create_task(worker) for worker in workers]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
