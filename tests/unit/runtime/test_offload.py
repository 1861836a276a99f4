"""Work on large bodies runs in a thread."""

from __future__ import annotations

import threading

import pytest

from prompt_policy.runtime.offload import MAX_IN_LOOP_BYTES, offload_if_large


@pytest.mark.parametrize(("size", "in_loop"), [(0, True), (MAX_IN_LOOP_BYTES, True), (MAX_IN_LOOP_BYTES + 1, False)])
async def test_only_large_bodies_run_in_a_thread(size: int, in_loop: bool) -> None:
    thread = await offload_if_large(threading.current_thread, size)
    assert (thread is threading.current_thread()) is in_loop


async def test_exception_reaches_the_caller() -> None:
    with pytest.raises(ZeroDivisionError):
        await offload_if_large(lambda: 1 // 0, MAX_IN_LOOP_BYTES + 1)


def test_without_asyncio_work_runs_in_place() -> None:
    coroutine = offload_if_large(threading.current_thread, MAX_IN_LOOP_BYTES + 1)
    with pytest.raises(StopIteration) as returned:
        coroutine.send(None)
    assert returned.value.value is threading.current_thread()
