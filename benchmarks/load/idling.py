"""Waiting until the proxies are idle, before the load and after it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from itertools import count, islice
from typing import Final

from benchmarks.load.made import POOL, Arm, Run
from benchmarks.load.traffic import ALL, Kind, requests

_WARM: Final = 3
_QUIET_S: Final = 20
_POOLED_S: Final = 10
_SETTLE_S: Final = 180.0


async def warm(made: Run) -> None:
    """Have everything be made that is made once: each kind of request, to each proxy."""
    for arm in made.arms:
        asked = requests(ALL, count(-1, -1))
        for _ in range(_WARM):
            await asyncio.gather(*(arm.client.ask(next(asked)) for _ in range(sum(kind.share for kind in ALL))))


async def await_idle(made: Run, stop: asyncio.Event, say: Callable[[str], None]) -> None:
    """Wait until nothing goes down any more, and note what there is."""
    for arm in made.arms:
        say(f"{arm.name}: waiting until it is idle")
        await _nudged(arm)
        least, quiet = arm.look(), 0
        while quiet < _QUIET_S and not stop.is_set():
            await asyncio.sleep(1)
            now = arm.look()
            quiet = 0 if now.fds < least.fds or (now.tasks or 0) < (least.tasks or 0) else quiet + 1
            least = now if quiet == 0 else least
        arm.idle = least


async def _nudged(arm: Arm) -> None:
    """Have LiteLLM close what it does not need any more.

    OpenAI's client, which it uses for completions, closes old connections when the next request comes; and what it
    held of streams that were left is for the garbage collector.
    """
    (arm.proxy.log_file.parent / "collect").touch()
    asked = islice(requests((Kind("completions", stream=True),), count(-1, -1)), POOL * arm.workers)
    await asyncio.gather(*(arm.client.ask(one) for one in asked))
    await asyncio.sleep(_POOLED_S)


async def await_given_back(made: Run, stop: asyncio.Event, say: Callable[[str], None]) -> None:
    """Wait until each proxy holds no more than before; after a while, note what is left."""
    for arm in made.arms:
        say(f"{arm.name}: waiting until it is idle again")
        deadline = time.monotonic() + _SETTLE_S
        while True:
            arm.after = arm.look()
            if arm.returned or stop.is_set() or time.monotonic() > deadline:
                break
            await _nudged(arm)
        arm.left_over = dict(arm.tasks())
