"""When requests are sent. Order and width are told, never how long anything took."""

from __future__ import annotations

import asyncio
import time

import pytest

from prompt_policy.bench.arms import Asked
from prompt_policy.bench.pacing import Work, closed, opened
from prompt_policy.bench.plan import Item
from tests.bench.making import questions


def work(count: int, gap: float | None = None) -> Work:
    asked = Asked("", {}, b"", b"")
    return [
        (Item(question, 0, n, None if gap is None else n * gap), asked) for n, question in enumerate(questions(count))
    ]


async def test_a_closed_load_keeps_so_many_under_way() -> None:
    running, most, done = 0, 0, []

    async def one(item: Item, _asked: Asked) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.001)
        running -= 1
        done.append(item.seed)

    await closed(work(20), one, 4)
    assert (most, sorted(done)) == (4, list(range(20)))


async def test_an_open_load_waits_for_nobody() -> None:
    begun, started = time.perf_counter(), []
    gate = asyncio.Event()

    async def one(item: Item, _asked: Asked) -> None:
        started.append((item.seed, time.perf_counter() - begun >= (item.due_s or 0)))
        if item.seed == 4:
            gate.set()
        await gate.wait()  # none ends before the last began

    await opened(work(5, 0.01), one, begun)
    assert started == [(n, True) for n in range(5)]


async def test_the_first_that_fails_ends_the_others() -> None:
    ended = []

    async def one(item: Item, _asked: Asked) -> None:
        try:
            if item.seed == 1:
                raise RuntimeError("gone")
            await asyncio.sleep(60)
        finally:
            ended.append(item.seed)

    with pytest.raises(RuntimeError, match="gone"):
        await closed(work(6), one, 3)
    assert sorted(ended) == [0, 1, 2]
