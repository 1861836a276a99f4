"""Memory that the middleware adds to an open stream, with a small request and with a large one."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator
from typing import Final

from benchmarks.bare_loop import OpenStream, build_stream_app
from benchmarks.bodies import build_conversation
from benchmarks.cases import STREAMS, wrap_app
from benchmarks.figures import Figure
from prompt_policy.asgi import App

SIZES: Final = (3_000, 100_000)
STEPS: Final = 20


def measure(quick: bool) -> Iterator[Figure]:
    """Yield the memory of a stream through the middleware minus that of a stream of the app alone."""
    streams, blocks = (50, 2) if quick else (200, 6)
    bare = build_stream_app(STREAMS["markdown"]())
    with_policy = wrap_app(bare)
    for size in SIZES:
        added = [
            _measure_stream(with_policy, size, streams) - _measure_stream(bare, size, streams) for _ in range(blocks)
        ]
        yield Figure.of(f"held by an open stream, request of {size // 1000} kB", added, "kB", at_most=12)


def _measure_stream(app: App, size: int, number: int) -> float:
    """Return the mean memory of an open stream after its first chunks, in kilobytes."""
    _open(app, size).close()  # objects that are created once do not belong to a stream
    tracemalloc.start()
    try:
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        streams = [_open(app, size) for _ in range(number)]
        gc.collect()
        added = (tracemalloc.get_traced_memory()[0] - before) / number / 1e3
    finally:
        tracemalloc.stop()
    for stream in streams:
        stream.close()
    return added


def _open(app: App, size: int) -> OpenStream:
    stream = OpenStream(app, build_conversation(size=size, stream=True))
    for _ in range(STEPS):
        stream.step()
    return stream
