"""Measure the load generator of ``bench`` beside OpenAI's client: ``python benchmarks/loadgen.py [--json]``.

A server in a separate process sends a token every 10 ms in each of several concurrent streams. Reported are the share
of a core that the client needs, and the gaps between tokens that it measures; the true gap is 10 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any, Final

import openai
import uvicorn

from prompt_policy.bench.load.client import open_session, send
from prompt_policy.bench.load.requests import PreparedRequest
from prompt_policy.launcher.machine.ports import find_free_port
from prompt_policy.net import LOOPBACK
from prompt_policy.wire.values import Json

STREAMS: Final = (16, 64, 128)
TOKENS: Final = 300
GAP_S: Final = 0.01
CHUNK: Final = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
                "choices": [{"index": 0, "delta": {"content": " word"}, "finish_reason": None}]}  # fmt: skip
DATA: Final = f"data: {json.dumps(CHUNK)}\n\n".encode()

StreamClient = Callable[[str, int], Awaitable[list[list[float]]]]


async def _send_at_intervals(scope: Json, receive: Json, send: Json) -> None:
    """Answer any request with a token every 10 ms, at absolute times."""
    if scope["type"] != "http":
        return
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
    begun = time.perf_counter()
    for number in range(TOKENS):
        await asyncio.sleep(max(0.0, begun + number * GAP_S - time.perf_counter()))
        await send({"type": "http.response.body", "body": DATA, "more_body": True})
    await send({"type": "http.response.body", "body": b"data: [DONE]\n\n"})


async def _stream_with_bench(url: str, streams: int) -> list[list[float]]:
    prepared = PreparedRequest(f"{url}/chat/completions", {"Content-Type": "application/json"}, b"{}", b"{}")
    async with open_session(120) as session:
        return [raw.times for raw in await asyncio.gather(*(send(session, prepared) for _ in range(streams)))]


async def _stream_with_openai(url: str, streams: int) -> list[list[float]]:
    client = openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0)

    async def receive_times() -> list[float]:
        messages: Any = [{"role": "user", "content": "Hi"}]
        stream = await client.chat.completions.create(model="m", messages=messages, stream=True)
        return [time.perf_counter() async for _chunk in stream]

    times = await asyncio.gather(*(receive_times() for _ in range(streams)))
    await client.close()
    return list(times)


CLIENTS: Final[dict[str, StreamClient]] = {"bench": _stream_with_bench, "openai": _stream_with_openai}


def main() -> None:
    """Print the measurements."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    port = find_free_port(LOOPBACK)
    server = multiprocessing.get_context("spawn").Process(
        target=uvicorn.run, args=(_send_at_intervals,), kwargs={"port": port, "log_level": "critical"}, daemon=True
    )
    server.start()
    try:
        time.sleep(3)
        rows = [
            _measure(name, streams, f"http://{LOOPBACK}:{port}/v1", client)
            for streams in STREAMS
            for name, client in CLIENTS.items()
        ]
    finally:
        server.kill()
        server.join()
    if options.json:
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
        return
    sys.stdout.write(f"{os.cpu_count()} cores; true interval: a token every {GAP_S * 1000:g} ms\n")
    for row in rows:
        line = "streams={streams} {client}: {cpu:.0%} of a core, gaps P50 {p50:.1f} ms, P99 {p99:.1f} ms\n"
        sys.stdout.write(line.format(**row))


def _measure(name: str, streams: int, url: str, client: StreamClient) -> dict[str, Any]:
    spent, begun = time.process_time(), time.perf_counter()
    times = asyncio.run(_await_result(client(url, streams)))
    cpu = (time.process_time() - spent) / (time.perf_counter() - begun)
    gaps = [(after - before) * 1000 for stream_times in times for before, after in pairwise(stream_times)]
    cuts = statistics.quantiles(gaps, n=100)
    return {"streams": streams, "client": name, "cpu": cpu, "p50": cuts[49], "p99": cuts[98]}


async def _await_result(work: Awaitable[list[list[float]]]) -> list[list[float]]:
    return await work


if __name__ == "__main__":
    main()
