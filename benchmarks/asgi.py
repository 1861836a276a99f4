"""The middleware around an app that answers at once, on uvicorn, beside the app alone."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator

from benchmarks.bodies import conversation
from benchmarks.figures import Figure
from benchmarks.rawclient import Load, load, request
from benchmarks.serving import CLIENT_CORE, Served, app, cpu_seconds

_CONNECTIONS = 8


def measure(quick: bool) -> Iterator[Figure]:
    """Yield the policed server's requests and streams over the bare one's, by the clock and by processor time."""
    blocks = 8 if quick else 24
    os.sched_setaffinity(0, {CLIENT_CORE})
    for parsing in ("", "parsing-"):
        with app(f"{parsing}bare") as bare, app(f"{parsing}policed") as policed:
            yield from _compared(bare, policed, blocks, "an app that parses" if parsing else "an app that does nothing")


def _compared(bare: Served, policed: Served, blocks: int, what: str) -> Iterator[Figure]:
    for name, keys, number, least in (("requests", {}, 800, 0.65), ("streams", {"stream": True}, 40, 0.8)):
        body = conversation(**keys)
        pairs = [(_ask(bare, body, number), _ask(policed, body, number)) for _ in range(blocks + 1)][1:]
        rates = [with_it.rate / without.rate for (without, _), (with_it, _) in pairs]
        yield Figure.of(f"{name} per second, policed / bare, {what}", rates, at_least=least)
        yield Figure.of("- by the server's processor time", [without / with_it for (_, without), (_, with_it) in pairs])
        yield Figure.of("- processor time of the bare one", [1e6 * without for (_, without), _ in pairs], "µs")
        yield Figure.of("- processor time that is added", [1e6 * (b - a) for (_, a), (_, b) in pairs], "µs")


def _ask(served: Served, body: dict[str, object], number: int) -> tuple[Load, float]:
    """Return what the client saw, and the server's processor time for one request."""
    before = cpu_seconds(served.pid)
    result = asyncio.run(load(served.chat, request(served.chat, body), connections=_CONNECTIONS, requests=number))
    return result, (cpu_seconds(served.pid) - before) / number
