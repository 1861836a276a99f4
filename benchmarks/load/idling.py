"""Waits until the proxies are idle, before the load and after it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from itertools import count, islice
from typing import Final

from benchmarks.load.plan import POOL, Arm, LoadRun
from benchmarks.load.traffic import ALL, RequestKind, generate_requests

_WARM_UP_ROUNDS: Final = 3
_QUIET_S: Final = 20
_CLOSE_POOLED_S: Final = 10
_SETTLE_S: Final = 180.0


async def warm_up(load_run: LoadRun) -> None:
    """Send each kind of request to each proxy, so that everything that is created once exists."""
    for arm in load_run.arms:
        pending = generate_requests(ALL, count(-1, -1))
        for _ in range(_WARM_UP_ROUNDS):
            await asyncio.gather(*(arm.client.send(next(pending)) for _ in range(sum(kind.share for kind in ALL))))


async def await_idle(load_run: LoadRun, stop: asyncio.Event, log: Callable[[str], None]) -> None:
    """Wait until tasks and file descriptors no longer decrease, and store the sample."""
    for arm in load_run.arms:
        log(f"{arm.name}: waiting until it is idle")
        await _trigger_cleanup(arm)
        lowest, quiet = arm.take_sample(), 0
        while quiet < _QUIET_S and not stop.is_set():
            await asyncio.sleep(1)
            sample = arm.take_sample()
            quiet = 0 if sample.fds < lowest.fds or (sample.tasks or 0) < (lowest.tasks or 0) else quiet + 1
            lowest = sample if quiet == 0 else lowest
        arm.idle = lowest


async def _trigger_cleanup(arm: Arm) -> None:
    """Make LiteLLM close resources that it no longer needs.

    OpenAI's client, which it uses for completions, closes old connections at the next request. The garbage collector
    releases the streams from which clients disconnected.
    """
    (arm.proxy.log_file.parent / "collect").touch()
    pending = islice(generate_requests((RequestKind("completions", stream=True),), count(-1, -1)), POOL * arm.workers)
    await asyncio.gather(*(arm.client.send(request) for request in pending))
    await asyncio.sleep(_CLOSE_POOLED_S)


async def await_released(load_run: LoadRun, stop: asyncio.Event, log: Callable[[str], None]) -> None:
    """Wait until each proxy has released its resources; after a timeout, store the tasks that remain."""
    for arm in load_run.arms:
        log(f"{arm.name}: waiting until it is idle again")
        deadline = time.monotonic() + _SETTLE_S
        while True:
            arm.after = arm.take_sample()
            if arm.is_released or stop.is_set() or time.monotonic() > deadline:
                break
            await _trigger_cleanup(arm)
        arm.remaining_tasks = dict(arm.tasks())
