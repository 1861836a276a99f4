"""One run: requests through one proxy or two while the policies of the first are edited."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Final

from benchmarks.load.client import open_client
from benchmarks.load.driving import run_at_rate, run_concurrently
from benchmarks.load.editing import Editor
from benchmarks.load.idling import await_idle, await_released, warm_up
from benchmarks.load.plan import Arm, LoadRun, Plan
from benchmarks.load.policies import PolicyFolder
from benchmarks.load.proxies import Backend, run_fake_backend, run_litellm_proxy
from tests.support.litellm_proxy import Proxy

_TIMEOUT_S: Final = 300.0
_OPEN_S: Final = 60.0


def run(plan: Plan, folder: Path, log: Callable[[str], None]) -> LoadRun:
    """Start the backend and the proxies with their files in a folder, apply the load, and stop them."""
    (folder / "policies").mkdir()
    policies = PolicyFolder(folder / "policies")
    with ExitStack() as stack:
        backend = stack.enter_context(run_fake_backend(plan.pause_s))
        folders = {"policy": policies.folder, **({"control": None} if plan.control else {})}
        proxies = {
            name: stack.enter_context(run_litellm_proxy(backend, folder / name, path, plan.workers))
            for name, path in folders.items()
        }
        log(f"{' and '.join(proxies)}: ready")
        return asyncio.run(_measure(plan, proxies, policies, backend, log))


async def _measure(
    plan: Plan, proxies: dict[str, Proxy], policies: PolicyFolder, backend: Backend, log: Callable[[str], None]
) -> LoadRun:
    stop = asyncio.Event()
    async with AsyncExitStack() as stack:
        arms = [
            Arm(name, proxy, await stack.enter_async_context(
                open_client(proxy.url, policies if name == "policy" else None, _TIMEOUT_S)), plan.workers)
            for name, proxy in proxies.items()
        ]  # fmt: skip
        load_run = LoadRun(plan, arms, policies, Editor(policies, proxies["policy"], plan.workers))
        for signal_number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(signal_number, stop.set)
        if plan.settles:
            await warm_up(load_run)
            await await_idle(load_run, stop, log)
        await _apply_load(load_run, stop, log)
        load_run.backend_counts = await _read_backend_counts(backend)
        if plan.settles and not stop.is_set():
            await await_released(load_run, stop, log)
    return load_run


async def _apply_load(load_run: LoadRun, stop: asyncio.Event, log: Callable[[str], None]) -> None:
    done = asyncio.Event()
    load_run.began_s = time.time()
    background = [
        asyncio.create_task(_take_samples(load_run, done)),
        asyncio.create_task(_log_progress(load_run, done, log)),
    ]
    editing = asyncio.create_task(load_run.editor.run(done, load_run.plan.edit_pause_s))
    load = run_at_rate(load_run, stop) if load_run.plan.minutes else run_concurrently(load_run, stop, editing)
    warm_up_totals = [arm.client.sent.total() for arm in load_run.arms]
    await load
    load_run.seconds = time.time() - load_run.began_s
    for arm, before in zip(load_run.arms, warm_up_totals, strict=True):
        arm.rate = (arm.client.sent.total() - before) / load_run.seconds
    load_run.interrupted = stop.is_set()
    done.set()
    try:
        await editing
    except TimeoutError as error:
        load_run.errors.append(str(error))
    await asyncio.gather(*background)


async def _read_backend_counts(backend: Backend) -> dict[str, int]:
    """Return the backend's counts once no stream is open, or after a timeout."""
    deadline = time.monotonic() + _OPEN_S
    while (counts := await asyncio.to_thread(backend.read_counts))["open"] and time.monotonic() < deadline:
        await asyncio.sleep(0.2)
    return counts


async def _take_samples(load_run: LoadRun, done: asyncio.Event) -> None:
    while not done.is_set():
        for arm in load_run.arms:
            arm.samples.append(arm.take_sample())
        await _wait(done, load_run.plan.sample_every_s)


async def _log_progress(load_run: LoadRun, done: asyncio.Event, log: Callable[[str], None]) -> None:
    while not await _wait(done, 60 if load_run.plan.minutes else 10):
        log(format_progress(load_run))


def format_progress(load_run: LoadRun) -> str:
    """Return a line about the format_progress of a run."""
    parts = [f"{(time.time() - load_run.began_s) / 60:.1f} min, {load_run.editor.rounds} rounds of edits"]
    for arm in load_run.arms:
        client, last = arm.client, arm.samples[-1]
        parts.append(
            f"{arm.name}: {client.answered} answered, {client.open} open, {client.lost} lost, {client.wrong} wrong, "
            f"{last.rss_mb:.0f} MB, {last.fds} fds, {last.tasks} tasks"
        )
    return "; ".join(parts)


async def _wait(event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event with a timeout; return whether it was set."""
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True
