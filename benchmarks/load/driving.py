"""The two ways to send requests: as many as go at once, or so many a second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Iterator
from itertools import count
from typing import Final

from benchmarks.load.made import Run
from benchmarks.load.traffic import ALL, ROUGH, STREAMED, WHOLE, Asked, requests

_MOST_AT_ONCE: Final = 200


async def crowd(made: Run, stop: asyncio.Event, editing: asyncio.Task[None]) -> None:
    """Keep so many streams and others going until there were enough."""
    plan, [arm] = made.plan, made.arms
    numbers = count()
    begun = 0

    def is_enough() -> bool:
        edited = made.editor.rounds >= plan.rounds or editing.done()
        return stop.is_set() or (begun >= plan.requests and edited)

    async def slot(asked: Iterator[Asked]) -> None:
        nonlocal begun
        while not is_enough():
            begun += 1
            await arm.client.ask(next(asked))

    streams, others = requests(STREAMED, numbers), requests((*WHOLE, *ROUGH), numbers)
    slots: list[Awaitable[None]] = [slot(streams) for _ in range(plan.streams)]
    await asyncio.gather(*slots, *(slot(others) for _ in range(plan.others)))


async def go_steadily(made: Run, stop: asyncio.Event) -> None:
    """Send the same requests to each proxy, so many a second, for so many minutes."""
    until = time.monotonic() + made.plan.minutes * 60
    asked = requests(ALL, count())
    going: set[asyncio.Task[None]] = set()
    due = time.monotonic()
    while not stop.is_set() and due < until:
        request = next(asked)
        for arm in made.arms:
            task = asyncio.create_task(arm.client.ask(request))
            going.add(task)
            task.add_done_callback(going.discard)
        due += 1 / made.plan.rate
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        while len(going) > _MOST_AT_ONCE:
            await asyncio.wait(going, return_when=asyncio.FIRST_COMPLETED)
    await asyncio.gather(*going)
