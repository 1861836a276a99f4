"""Instructions of the policy's work on requests, chunks and answers: the figures to compare between two commits."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.cachegrind import Cachegrind
from benchmarks.figures import Figure


class CountedCase(NamedTuple):
    """A figure: its case, the number of calls to count, and its target in thousands of instructions."""

    name: str
    case: str
    calls: int
    at_most: float | None = None


COUNTED_CASES: Final = (
    CountedCase("apply, 10 messages, 3 kB", "apply", 200, 250),
    CountedCase("the middleware, a request and its answer of 2.7 kB", "request", 200),
    CountedCase("the middleware, a chunk of words", "chunk of words", 3000),
    CountedCase("the middleware, a chunk of markdown", "chunk of markdown", 3000),
    CountedCase("the middleware, rewriting a markdown answer of 1.7 kB", "whole answer of 1.7 kB", 200),
    CountedCase("the middleware, rewriting a markdown answer of 100 kB", "whole answer of 100 kB", 20),
)


def measure(_quick: bool) -> Iterator[Figure]:
    """Yield the counts; each varies by less than half a percent from run to run, so one run of each is enough."""
    with tempfile.TemporaryDirectory() as folder:
        cachegrind = Cachegrind(Path(folder))
        for name, case, calls, at_most in COUNTED_CASES:
            yield Figure.of_count(name, cachegrind.count(case, calls), at_most=at_most)
