"""Compute the latencies of one request."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from prompt_policy.bench.record import MeasuredRequest

_STALL_FACTOR: Final = 10
_MIN_STALL_S: Final = 0.1


class RequestTiming(NamedTuple):
    """Latencies in seconds, measured from the scheduled time in an open loop, else from the time of sending."""

    e2e: float
    dispatch_delay: float
    """How much later than scheduled the request was sent."""
    ttft: float | None
    visible: float | None
    tpot: float | None
    gaps: tuple[tuple[float, float], ...]
    """Between arrivals: the gap divided by the tokens that arrived after it, and the number of these tokens."""
    stalls: int
    longest_gap: float
    tokens: float


def compute_timing(request: MeasuredRequest) -> RequestTiming | None:
    """Return the latencies of a request, or None if it failed."""
    if request.failure is not None:
        return None
    start = request.sent_s if request.due_s is None else min(request.due_s, request.sent_s)
    delay, e2e = request.sent_s - start, request.ended_s - start
    moments = [time_ms / 1000 for time_ms, _tokens in request.arrivals]
    raw_gaps = [after - before for before, after in pairwise(moments)]
    ttft = delay + moments[0] if moments else None
    tokens = float(request.completion_tokens or sum(count for _time, count in request.arrivals))
    return RequestTiming(
        e2e=e2e,
        dispatch_delay=delay,
        ttft=ttft,
        visible=None if request.visible_ms is None else delay + request.visible_ms / 1000,
        tpot=(e2e - ttft) / (tokens - 1) if ttft is not None and tokens > 1 else None,
        gaps=tuple(_gaps_per_token(raw_gaps, [count for _time, count in request.arrivals[1:]])),
        stalls=_count_stalls(raw_gaps),
        longest_gap=max(raw_gaps, default=0.0),
        tokens=tokens,
    )


def _gaps_per_token(gaps: Sequence[float], tokens: Sequence[float]) -> list[tuple[float, float]]:
    # A chunk of text that the server buffered may add no token. Its gap counts as that of one token.
    return [(gap / max(1.0, count), max(1.0, count)) for gap, count in zip(gaps, tokens, strict=True)]


def _count_stalls(gaps: Sequence[float]) -> int:
    if not gaps:
        return 0
    threshold = max(_MIN_STALL_S, _STALL_FACTOR * statistics.median(gaps))
    return sum(gap > threshold for gap in gaps)
