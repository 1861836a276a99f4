"""One run: requests through one proxy or two while the policies of the first are edited."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path
from typing import Final

from benchmarks.load.client import Client, client_of
from benchmarks.load.editing import Editor
from benchmarks.load.policies import Policies
from benchmarks.load.proxies import Backend, fake_backend, litellm_proxy
from benchmarks.load.samples import Sample, sample, tasks_in
from benchmarks.load.traffic import ALL, ROUGH, STREAMED, WHOLE, Asked, Kind, requests
from prompt_policy.launcher.processes import below
from tests.e2e.proxy import Proxy

_TIMEOUT_S: Final = 300.0
_MOST_AT_ONCE: Final = 200
_WARM: Final = 3
_QUIET_S: Final = 20
_POOLED_S: Final = 10
_POOL: Final = 4
_SETTLE_S: Final = 180.0


@dataclass(frozen=True)
class Plan:
    """What is run.

    With ``minutes`` requests of all kinds come at ``rate`` a second to each proxy; otherwise ``streams`` streams and
    ``others`` other requests are kept going at once until there were ``requests`` of them and ``rounds`` rounds of
    edits. ``settles`` waits for the proxies to be idle before and after.
    """

    requests: int = 10_000
    streams: int = 500
    others: int = 20
    rounds: int = 1
    minutes: float = 0
    rate: float = 6
    workers: int = 1
    control: bool = False
    settles: bool = True
    pause_s: float = 0.1
    edit_pause_s: float = 0.0
    sample_every_s: float = 10


@dataclass
class Arm:
    """A proxy, who asks it, and what was seen of it: idle before, during the load, and idle again."""

    name: str
    proxy: Proxy
    client: Client
    workers: int
    idle: Sample | None = None
    samples: list[Sample] = field(default_factory=list)
    after: Sample | None = None
    left_over: dict[str, int] = field(default_factory=dict)

    def look(self) -> Sample:
        """Look at the proxy."""
        return sample(self.proxy.process.pid, self.proxy.log_file.parent)

    def tasks(self) -> Counter[str]:
        """Return the tasks of the proxy by coroutine."""
        pid = self.proxy.process.pid
        return tasks_in(self.proxy.log_file.parent, {pid} | below(pid)) or Counter()

    @property
    def returned(self) -> bool:
        """Whether tasks and file descriptors are as few as before the load, but for idle connections in a pool."""
        before, after = self.idle, self.after
        if before is None or after is None or before.tasks is None or after.tasks is None:
            return True
        return after.fds <= before.fds + _POOL * self.workers and after.tasks <= before.tasks


@dataclass
class Run:
    """What came of it."""

    plan: Plan
    arms: list[Arm]
    policies: Policies
    editor: Editor
    backend: Backend
    began_s: float = 0
    seconds: float = 0
    interrupted: bool = False
    trouble: list[str] = field(default_factory=list)
    backend_counts: dict[str, int] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether nothing was lost or mixed up, and everything was given back."""
        lost = any(arm.client.wrong or arm.client.lost for arm in self.arms)
        return not lost and not self.trouble and all(arm.returned for arm in self.arms)


def run(plan: Plan, folder: Path, say: Callable[[str], None]) -> Run:
    """Start everything below a folder, send the requests and stop everything."""
    (folder / "policies").mkdir()
    policies = Policies(folder / "policies")
    with ExitStack() as stack:
        backend = stack.enter_context(fake_backend(plan.pause_s))
        proxies = {"policed": stack.enter_context(_proxy(backend, folder, "policed", policies, plan))}
        if plan.control:
            proxies["control"] = stack.enter_context(_proxy(backend, folder, "control", None, plan))
        say(f"{' and '.join(proxies)}: ready")
        return asyncio.run(_measured(plan, proxies, policies, backend, say))


@contextmanager
def _proxy(backend: Backend, folder: Path, name: str, policies: Policies | None, plan: Plan) -> Iterator[Proxy]:
    with litellm_proxy(backend, folder / name, policies.folder if policies else None, plan.workers) as started:
        yield started


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
        made = Run(plan, arms, policies, Editor(policies, proxies["policed"], plan.workers), backend)
        for signal_number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(signal_number, stop.set)
        if plan.settles:
            await _warmed(made)
            await _idle(made, stop, say)
        await _loaded(made, stop, say)
        made.backend_counts = await asyncio.to_thread(backend.counts)
        if plan.settles and not stop.is_set():
            await _given_back(made, stop, say)
    return made


async def _warmed(made: Run) -> None:
    """Have everything be made that is made once: each kind of request, to each proxy."""
    for arm in made.arms:
        asked = requests(ALL, count(-1, -1))
        for _ in range(_WARM):
            await asyncio.gather(*(arm.client.ask(next(asked)) for _ in range(sum(kind.share for kind in ALL))))


async def _idle(made: Run, stop: asyncio.Event, say: Callable[[str], None]) -> None:
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
    asked = islice(requests((Kind("completions", stream=True),), count(-1, -1)), _POOL * arm.workers)
    await asyncio.gather(*(arm.client.ask(one) for one in asked))
    await asyncio.sleep(_POOLED_S)


async def _given_back(made: Run, stop: asyncio.Event, say: Callable[[str], None]) -> None:
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


async def _loaded(made: Run, stop: asyncio.Event, say: Callable[[str], None]) -> None:
    done = asyncio.Event()
    made.began_s = time.time()
    beside = [
        asyncio.create_task(_sampled(made, done)),
        asyncio.create_task(_told(made, done, say)),
    ]
    editing = asyncio.create_task(made.editor.run(done, made.plan.edit_pause_s))
    load = _steady(made, stop) if made.plan.minutes else _crowded(made, stop, editing)
    await load
    made.seconds = time.time() - made.began_s
    made.interrupted = stop.is_set()
    done.set()
    try:
        await editing
    except TimeoutError as error:
        made.trouble.append(str(error))
    await asyncio.gather(*beside)


async def _crowded(made: Run, stop: asyncio.Event, editing: asyncio.Task[None]) -> None:
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


async def _steady(made: Run, stop: asyncio.Event) -> None:
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
