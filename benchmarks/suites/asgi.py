"""The middleware on uvicorn, beside the app alone: with h11 and httptools, and with the decision log on."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from typing import Final, NamedTuple

from benchmarks.bodies import build_conversation
from benchmarks.figures import Figure
from benchmarks.servers.client import LoadResult, encode_request, run_load
from benchmarks.servers.processes import CLIENT_CORE, RunningServer, read_cpu_seconds, serve_app

_CONNECTIONS: Final = 8
MAX_ADDED_US: Final = 120


class Setup(NamedTuple):
    """A server: the prefix of its app's name, uvicorn's parser, whether it logs decisions, and its targets."""

    name: str
    prefix: str = ""
    http: str = "h11"
    logs: bool = False
    max_added_us: float | None = MAX_ADDED_US
    min_stream_ratio: float | None = None


SETUPS: Final = (
    Setup("empty app, h11"),
    Setup("parsing app, h11", "parsing_", min_stream_ratio=0.8),
    Setup("empty app, h11, log on", logs=True, max_added_us=None),
    Setup("empty app, httptools", http="httptools"),  # last, because it may not be installed
)


def measure(quick: bool) -> Iterator[Figure]:
    """Yield requests and streams per second, with the policy over without it, and the processor time that it adds."""
    blocks = 8 if quick else 24
    os.sched_setaffinity(0, {CLIENT_CORE})
    for setup in SETUPS:
        bare = serve_app(f"{setup.prefix}bare", http=setup.http)
        with bare as without, serve_app(f"{setup.prefix}with_policy", http=setup.http, logs=setup.logs) as with_it:
            yield from _compare(without, with_it, blocks, setup)


def _compare(bare: RunningServer, with_policy: RunningServer, blocks: int, setup: Setup) -> Iterator[Figure]:
    for what, keys, number in (("requests", {}, 800), ("streams", {"stream": True}, 40)):
        body, is_stream = build_conversation(**keys), what == "streams"
        pairs = [(_send(bare, body, number), _send(with_policy, body, number)) for _ in range(blocks + 1)][1:]
        rates = [with_it.rate / without.rate for (without, _), (with_it, _) in pairs]
        least = setup.min_stream_ratio if is_stream else None
        yield Figure.of(f"{what} per second, with the policy / bare, {setup.name}", rates, at_least=least)
        times = [(without, with_it) for (_, without), (_, with_it) in pairs]
        yield Figure.of(f"- {what}: processor time, bare / with the policy, {setup.name}", [a / b for a, b in times])
        yield Figure.of_seconds(f"- {what}: processor time, bare, {setup.name}", [a for a, _ in times])
        added = Figure.of_seconds(
            f"- {what}: added processor time, {setup.name}", [b - a for a, b in times],
            at_most=None if is_stream else setup.max_added_us,
        )  # fmt: skip
        yield added


def _send(served: RunningServer, body: dict[str, object], number: int) -> tuple[LoadResult, float]:
    """Return the client's measurements, and the server's processor time of one request."""
    before = read_cpu_seconds(served.pid)
    result = asyncio.run(
        run_load(served.chat, encode_request(served.chat, body), connections=_CONNECTIONS, requests=number)
    )
    return result, (read_cpu_seconds(served.pid) - before) / number
