"""Latency that the middleware adds at 1 and 16 concurrent requests, P50 and P99, as gateways publish it."""

from __future__ import annotations

import asyncio
import os
import statistics
from collections.abc import Iterator
from typing import Final, NamedTuple

from benchmarks.bodies import build_conversation
from benchmarks.figures import Figure
from benchmarks.servers.client import encode_request, run_load
from benchmarks.servers.processes import CLIENT_CORE, RunningServer, serve_app

CONCURRENCY: Final = (1, 16)
_NUMBERS: Final = {"requests": 400, "streams": 100}


class Percentiles(NamedTuple):
    """Percentiles of the latencies of one block, in milliseconds."""

    p50: float
    p99: float

    @classmethod
    def of(cls, seconds: list[float]) -> Percentiles:
        """Return the percentiles of some latencies, at least two."""
        cuts = statistics.quantiles(seconds, n=100, method="inclusive")
        return cls(1e3 * cuts[49], 1e3 * cuts[98])


def measure(quick: bool) -> Iterator[Figure]:
    """Yield, for requests and streams of 200 chunks, the latency without the middleware and the added latency."""
    blocks = 8 if quick else 20
    os.sched_setaffinity(0, {CLIENT_CORE})
    with serve_app("bare") as bare, serve_app("with_policy") as with_policy:
        for what in _NUMBERS:
            for concurrency in CONCURRENCY:
                rows = [
                    (_send(bare, what, concurrency), _send(with_policy, what, concurrency)) for _ in range(blocks + 1)
                ][1:]
                for place, percentile in enumerate(("P50", "P99")):
                    name = f"{percentile} of {what}, {concurrency} concurrent"
                    added = [with_policy[place] - direct[place] for direct, with_policy in rows]
                    yield Figure.of(f"added to {name}", added, "ms")
                    yield Figure.of(f"- {name}, direct", [direct[place] for direct, _ in rows], "ms")


def _send(served: RunningServer, what: str, concurrency: int) -> Percentiles:
    data = encode_request(served.chat, build_conversation(stream=True) if what == "streams" else build_conversation())
    done = asyncio.run(run_load(served.chat, data, connections=concurrency, requests=_NUMBERS[what]))
    return Percentiles.of(done.latencies)
