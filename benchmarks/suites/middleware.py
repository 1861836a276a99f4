"""The middleware without a server: the time that it adds to a request, a chunk of a stream, and a whole answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from benchmarks.cases import ANSWERS, STREAMS, build_chunk, build_logged_request, build_request, build_whole_answer
from benchmarks.figures import Figure
from benchmarks.timing import measure_added

MAX_CHUNK_US: Final = {"words": 0.9, "markdown": 2.5}
MAX_ANSWER_US: Final = {"1.7 kB": 100, "100 kB": 500}


def measure(quick: bool) -> Iterator[Figure]:
    """Yield the added processor time, alternating with the app alone."""
    blocks = 11 if quick else 31
    request, logged = build_request(), build_logged_request()
    yield Figure.of_seconds("added to a request", measure_added(*request, blocks=blocks, calls=200))
    log = measure_added(*logged, blocks=blocks, calls=200)
    yield Figure.of_seconds("- and by the decision log, if it is on", log)
    for kind in STREAMS:
        seconds = measure_added(*build_chunk(kind), blocks=blocks, calls=5000)
        yield Figure.of_seconds(f"added to a chunk of {kind}", seconds, at_most=MAX_CHUNK_US.get(kind))
    for size in ANSWERS:
        calls = 20 if size.startswith("100 kB") else 200
        seconds = measure_added(*build_whole_answer(size), blocks=blocks, calls=calls)
        name = f"rewriting a whole markdown answer of {size}"
        yield Figure.of_seconds(name, seconds, at_most=MAX_ANSWER_US.get(size))
