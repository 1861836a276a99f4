"""Sending requests and noting when each piece of their answers came; nothing is parsed here.

An event loop that also parses answers tells times that are its own (docs/bench.md has figures).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, Literal

import aiohttp

from prompt_policy.bench.arms import Asked
from prompt_policy.launcher.ports import told

Trouble = Literal["timeout", "connection", "http", "stream", "refused"]
"""timeout: no whole answer in time; connection: nobody there, or gone before the answer began; http: a status that
is no success; stream: an answer that broke off, or an error in it; refused: by a rule of the policy here."""
_OK: Final = 200
_LAG_TICK_S: Final = 0.01


@dataclass(slots=True)
class Raw:
    """An answer as it came. Times are of ``time.perf_counter``."""

    sent_s: float
    ended_s: float = 0.0
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    times: list[float] = field(default_factory=list)
    pieces: list[bytes] = field(default_factory=list)
    trouble: Trouble | None = None
    message: str = ""


@asynccontextmanager
async def open_session(timeout_s: float) -> AsyncIterator[aiohttp.ClientSession]:
    """Open a session without a limit on connections, and close it."""
    limits = aiohttp.ClientTimeout(total=timeout_s, sock_connect=min(30, timeout_s))
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=limits) as session:
        yield session


async def sent(session: aiohttp.ClientSession, asked: Asked) -> Raw:
    """Send a request and return what came of it. Only being cancelled is raised."""
    clock = time.perf_counter
    raw = Raw(clock())
    if asked.refusal is not None:
        raw.trouble, raw.message, raw.ended_s = "refused", asked.refusal, raw.sent_s
        return raw
    times, pieces = raw.times, raw.pieces
    try:
        async with session.post(asked.url, data=asked.body, headers=asked.headers, allow_redirects=False) as response:
            raw.status, raw.headers = response.status, dict(response.headers)
            async for piece in response.content.iter_any():
                times.append(clock())
                pieces.append(piece)
    except TimeoutError:
        raw.trouble, raw.message = "timeout", "no whole answer in time"
    except (aiohttp.ClientError, OSError) as error:
        raw.trouble, raw.message = "stream" if pieces else "connection", told(error) or type(error).__name__
    raw.ended_s = clock()
    if raw.trouble is None and raw.status != _OK:
        raw.trouble, raw.message = "http", f"HTTP {raw.status}"
    return raw


class Watch:
    """Watches this process while it sends: its share of a core, and how late its event loop is."""

    def __init__(self) -> None:
        self._lags: list[float] = []
        self._begun = time.perf_counter()
        self._spent = time.process_time()

    async def run(self) -> None:
        """Measure until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _LAG_TICK_S
            await asyncio.sleep(_LAG_TICK_S)
            self._lags.append(max(0.0, loop.time() - due))

    def told(self) -> tuple[float, float, float]:
        """Return the share of a core, and the 99th percentile and maximum of the loop's lag in milliseconds."""
        wall = max(time.perf_counter() - self._begun, 1e-9)
        lags = sorted(self._lags) or [0.0]
        last = lags[min(len(lags) - 1, int(len(lags) * 0.99))]
        return (time.process_time() - self._spent) / wall, last * 1000, lags[-1] * 1000


@asynccontextmanager
async def watching() -> AsyncIterator[Callable[[], tuple[float, float, float]]]:
    """Watch this process in the block; give what tells the figures."""
    watch = Watch()
    task = asyncio.create_task(watch.run())
    try:
        yield watch.told
    finally:
        task.cancel()
