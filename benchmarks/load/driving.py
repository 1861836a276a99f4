"""Drives the load: a fixed number of concurrent requests, or a fixed rate."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Iterator
from itertools import count
from typing import Final

from benchmarks.load.plan import LoadRun
from benchmarks.load.traffic import ALL, ROUGH, STREAMED, WHOLE, LoadRequest, generate_requests

_MAX_CONCURRENT: Final = 200


async def run_concurrently(load_run: LoadRun, stop: asyncio.Event, editing: asyncio.Task[None]) -> None:
    """Keep the planned number of requests open until enough requests were sent and policies edited."""
    plan, [arm] = load_run.plan, load_run.arms
    numbers = count()
    begun = 0

    def is_enough() -> bool:
        edited = load_run.editor.rounds >= plan.rounds or editing.done()
        return stop.is_set() or (begun >= plan.requests and edited)

    async def send_in_turn(pending: Iterator[LoadRequest]) -> None:
        nonlocal begun
        while not is_enough():
            begun += 1
            await arm.client.send(next(pending))

    streams, others = generate_requests(STREAMED, numbers), generate_requests((*WHOLE, *ROUGH), numbers)
    senders: list[Awaitable[None]] = [send_in_turn(streams) for _ in range(plan.streams)]
    await asyncio.gather(*senders, *(send_in_turn(others) for _ in range(plan.others)))


async def run_at_rate(load_run: LoadRun, stop: asyncio.Event) -> None:
    """Send the same requests to each proxy at the planned rate, for the planned number of minutes."""
    until = time.monotonic() + load_run.plan.minutes * 60
    pending = generate_requests(ALL, count())
    open_tasks: set[asyncio.Task[None]] = set()
    due = time.monotonic()
    while not stop.is_set() and due < until:
        request = next(pending)
        for arm in load_run.arms:
            task = asyncio.create_task(arm.client.send(request))
            open_tasks.add(task)
            task.add_done_callback(open_tasks.discard)
        due += 1 / load_run.plan.rate
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        while len(open_tasks) > _MAX_CONCURRENT:
            await asyncio.wait(open_tasks, return_when=asyncio.FIRST_COMPLETED)
    await asyncio.gather(*open_tasks)
