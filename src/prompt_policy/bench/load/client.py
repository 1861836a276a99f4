"""Send requests and record when each piece of the response arrives; nothing is parsed here.

An event loop that also parses responses distorts the times that it measures (figures in docs/how-to/bench.md).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import aiohttp

from prompt_policy.bench.load.requests import PreparedRequest
from prompt_policy.bench.record import FailureKind
from prompt_policy.net import describe_error

_OK: Final = 200
_MAX_CONNECT_S: Final = 30
_LAG_INTERVAL_S: Final = 0.01


@dataclass(slots=True)
class RawResponse:
    """A response as it arrived. Times are values of ``time.perf_counter``, in seconds."""

    sent_s: float
    ended_s: float = 0.0
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    times: list[float] = field(default_factory=list)
    """The arrival time of each piece."""
    pieces: list[bytes] = field(default_factory=list)
    failure: FailureKind | None = None
    message: str = ""


@asynccontextmanager
async def open_session(timeout_s: float) -> AsyncIterator[aiohttp.ClientSession]:
    """Open a session without a limit on connections; close it at the end of the block."""
    timeout = aiohttp.ClientTimeout(total=timeout_s, sock_connect=min(_MAX_CONNECT_S, timeout_s))
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        yield session


async def send(session: aiohttp.ClientSession, request: PreparedRequest) -> RawResponse:
    """Send a request and return its response. Failures are recorded in the response, not raised."""
    clock = time.perf_counter
    raw = RawResponse(clock())
    if request.refusal is not None:
        raw.failure, raw.message, raw.ended_s = "refused", request.refusal, raw.sent_s
        return raw
    times, pieces = raw.times, raw.pieces
    try:
        async with session.post(
            request.url, data=request.body, headers=request.headers, allow_redirects=False
        ) as response:
            raw.status, raw.headers = response.status, dict(response.headers)
            async for piece in response.content.iter_any():
                times.append(clock())
                pieces.append(piece)
    except TimeoutError:
        raw.failure, raw.message = "timeout", "no complete answer within the time limit"
    except (aiohttp.ClientError, OSError) as error:
        raw.failure, raw.message = "stream" if pieces else "connection", describe_error(error) or type(error).__name__
    raw.ended_s = clock()
    if raw.failure is None and raw.status != _OK:
        raw.failure, raw.message = "http", f"HTTP {raw.status}"
    return raw


class LoopMonitor:
    """Measures this process while it sends: its CPU use, and the lag of its event loop."""

    def __init__(self) -> None:
        self._lags: list[float] = []
        self._started = time.perf_counter()
        self._started_cpu = time.process_time()

    async def run(self) -> None:
        """Measure until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _LAG_INTERVAL_S
            await asyncio.sleep(_LAG_INTERVAL_S)
            self._lags.append(max(0.0, loop.time() - due))

    def stats(self) -> tuple[float, float, float]:
        """Return the CPU use as a share of one core, and the 99th percentile and maximum of the lag in ms."""
        wall = max(time.perf_counter() - self._started, 1e-9)
        lags = sorted(self._lags) or [0.0]
        p99 = lags[min(len(lags) - 1, int(len(lags) * 0.99))]
        return (time.process_time() - self._started_cpu) / wall, p99 * 1000, lags[-1] * 1000


@asynccontextmanager
async def monitor_loop() -> AsyncIterator[Callable[[], tuple[float, float, float]]]:
    """Monitor this process in the block; yield ``LoopMonitor.stats``."""
    monitor = LoopMonitor()
    task = asyncio.create_task(monitor.run())
    try:
        yield monitor.stats
    finally:
        task.cancel()
