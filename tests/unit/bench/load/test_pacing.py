"""Pacing of requests. The tests check order and concurrency, never durations."""

from __future__ import annotations

import asyncio
import time

import pytest

from prompt_policy.bench.load.pacing import Workload, run_closed_loop, run_open_loop
from prompt_policy.bench.load.requests import PreparedRequest
from prompt_policy.bench.plan import PlannedRequest
from tests.support.records import make_questions

pytestmark = pytest.mark.exclusive


def make_workload(count: int, gap_s: float | None = None) -> Workload:
    """Return requests whose seeds count from 0, scheduled ``gap_s`` apart."""
    request = PreparedRequest("", {}, b"", b"")
    return [
        (PlannedRequest(question, 0, n, None if gap_s is None else n * gap_s), request)
        for n, question in enumerate(make_questions(count))
    ]


async def test_a_closed_loop_keeps_its_concurrency() -> None:
    running, maximum, done = 0, 0, []

    async def send_one(item: PlannedRequest, _request: PreparedRequest) -> None:
        nonlocal running, maximum
        running += 1
        maximum = max(maximum, running)
        await asyncio.sleep(0.001)
        running -= 1
        done.append(item.seed)

    await run_closed_loop(make_workload(20), send_one, 4)
    assert (maximum, sorted(done)) == (4, list(range(20)))


async def test_an_open_loop_does_not_wait_for_earlier_requests() -> None:
    begun, started = time.perf_counter(), []
    all_started = asyncio.Event()

    async def send_one(item: PlannedRequest, _request: PreparedRequest) -> None:
        started.append((item.seed, time.perf_counter() - begun >= (item.due_s or 0)))
        if item.seed == 4:
            all_started.set()
        await all_started.wait()  # no request ends before the last one has started

    await run_open_loop(make_workload(5, 0.01), send_one, begun)
    assert started == [(n, True) for n in range(5)]


async def test_the_first_error_cancels_the_other_requests() -> None:
    ended = []

    async def send_one(item: PlannedRequest, _request: PreparedRequest) -> None:
        try:
            if item.seed == 1:
                raise RuntimeError("gone")
            await asyncio.sleep(60)
        finally:
            ended.append(item.seed)

    with pytest.raises(RuntimeError, match="gone"):
        await run_closed_loop(make_workload(6), send_one, 3)
    assert sorted(ended) == [0, 1, 2]
