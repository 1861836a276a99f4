"""One run: requests through one proxy or two while the policies of the first are edited."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Final

from benchmarks.load.client import client_of
from benchmarks.load.driving import crowd, go_steadily
from benchmarks.load.editing import Editor
from benchmarks.load.idling import await_given_back, await_idle, warm
from benchmarks.load.made import Arm, Plan, Run
from benchmarks.load.policies import Policies
from benchmarks.load.proxies import Backend, fake_backend, litellm_proxy
from tests.e2e.proxy import Proxy

_TIMEOUT_S: Final = 300.0
_OPEN_S: Final = 60.0


def run(plan: Plan, folder: Path, say: Callable[[str], None]) -> Run:
    """Start everything below a folder, send the requests and stop everything."""
    (folder / "policies").mkdir()
    policies = Policies(folder / "policies")
    with ExitStack() as stack:
        backend = stack.enter_context(fake_backend(plan.pause_s))
        followed = {"policed": policies.folder, "control": None} if plan.control else {"policed": policies.folder}
        proxies = {
            name: stack.enter_context(litellm_proxy(backend, folder / name, path, plan.workers))
            for name, path in followed.items()
        }
        say(f"{' and '.join(proxies)}: ready")
        return asyncio.run(_measured(plan, proxies, policies, backend, say))


async def _measured(
    plan: Plan, proxies: dict[str, Proxy], policies: Policies, backend: Backend, say: Callable[[str], None]
) -> Run:
    stop = asyncio.Event()
    async with AsyncExitStack() as stack:
        arms = [
            Arm(name, proxy, await stack.enter_async_context(
                client_of(proxy.url, policies if name == "policed" else None, _TIMEOUT_S)), plan.workers)
            for name, proxy in proxies.items()
        ]  # fmt: skip
        made = Run(plan, arms, policies, Editor(policies, proxies["policed"], plan.workers))
        for signal_number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(signal_number, stop.set)
        if plan.settles:
            await warm(made)
            await await_idle(made, stop, say)
        await _loaded(made, stop, say)
        made.backend_counts = await _counted(backend)
        if plan.settles and not stop.is_set():
            await await_given_back(made, stop, say)
    return made


async def _loaded(made: Run, stop: asyncio.Event, say: Callable[[str], None]) -> None:
    done = asyncio.Event()
    made.began_s = time.time()
    beside = [
        asyncio.create_task(_sampled(made, done)),
        asyncio.create_task(_told(made, done, say)),
    ]
    editing = asyncio.create_task(made.editor.run(done, made.plan.edit_pause_s))
    load = go_steadily(made, stop) if made.plan.minutes else crowd(made, stop, editing)
    warmed = [arm.client.asked.total() for arm in made.arms]
    await load
    made.seconds = time.time() - made.began_s
    for arm, before in zip(made.arms, warmed, strict=True):
        arm.rate = (arm.client.asked.total() - before) / made.seconds
    made.interrupted = stop.is_set()
    done.set()
    try:
        await editing
    except TimeoutError as error:
        made.trouble.append(str(error))
    await asyncio.gather(*beside)


async def _counted(backend: Backend) -> dict[str, int]:
    """Return what the backend counted, once no stream is open; or after a while, whatever is open."""
    deadline = time.monotonic() + _OPEN_S
    while (counts := await asyncio.to_thread(backend.counts))["open"] and time.monotonic() < deadline:
        await asyncio.sleep(0.2)
    return counts


async def _sampled(made: Run, done: asyncio.Event) -> None:
    while not done.is_set():
        for arm in made.arms:
            arm.samples.append(arm.look())
        await _waited(done, made.plan.sample_every_s)


async def _told(made: Run, done: asyncio.Event, say: Callable[[str], None]) -> None:
    while not await _waited(done, 60 if made.plan.minutes else 10):
        say(progress(made))


def progress(made: Run) -> str:
    """Return a line on how it goes."""
    told = [f"{(time.time() - made.began_s) / 60:.1f} min, {made.editor.rounds} rounds of edits"]
    for arm in made.arms:
        client, last = arm.client, arm.samples[-1]
        told.append(
            f"{arm.name}: {client.answered} answered, {client.open} going, {client.lost} lost, {client.wrong} wrong, "
            f"{last.rss_mb:.0f} MB, {last.fds} fds, {last.tasks} tasks"
        )
    return "; ".join(told)


async def _waited(event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event, but not for long; tell whether it came."""
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True
