"""Requests per second of one and of four uvicorn workers, with the policy and bare."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from typing import Final

from benchmarks.bodies import build_conversation
from benchmarks.figures import Figure
from benchmarks.servers.client import encode_request, run_load
from benchmarks.servers.processes import CLIENT_CORE, CORES, RunningServer, serve_app

WORKERS: Final = (1, 4)
_CONNECTIONS: Final = 32


def measure(quick: bool) -> Iterator[Figure]:
    """Yield the rates in alternating blocks; the workers may use every core, and the client one of them."""
    blocks = 8 if quick else 20
    body = build_conversation()
    for workers in WORKERS:
        with (
            serve_app("bare", None, workers=workers) as bare,
            serve_app("with_policy", None, workers=workers) as with_policy,
        ):
            os.sched_setaffinity(0, {CLIENT_CORE})
            rows = [(_send(bare, body), _send(with_policy, body)) for _ in range(blocks + 1)][1:]
            os.sched_setaffinity(0, CORES)  # otherwise the next servers would have this core only
        name = f"{workers} worker{'s' if workers > 1 else ''}"
        yield Figure.of(f"requests per second, with the policy / bare, {name}", [b / a for a, b in rows])
        yield Figure.of(f"- requests per second, bare, {name}, {len(CORES)} cores", [a for a, _ in rows], "/s")
        yield Figure.of(
            f"- requests per second, with the policy, {name}, {len(CORES)} cores", [b for _, b in rows], "/s"
        )


def _send(served: RunningServer, body: dict[str, object]) -> float:
    data = encode_request(served.chat, body)
    return asyncio.run(run_load(served.chat, data, connections=_CONNECTIONS, requests=1500)).rate
