"""The times of one answer."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from prompt_policy.bench.record import Measured

_STALL_TIMES: Final = 10
_STALL_AT_LEAST_S: Final = 0.1


class Timing(NamedTuple):
    """Times in seconds, from when the request was due in an open load, else from when it was sent."""

    e2e: float
    delay: float
    """How much later than due it was sent."""
    ttft: float | None
    visible: float | None
    tpot: float | None
    gaps: tuple[tuple[float, float], ...]
    """Between arrivals: the gap for each of its tokens, and how many tokens it brought."""
    stalls: int
    longest: float
    tokens: float


def timing_of(one: Measured) -> Timing | None:
    """Return the times of a request, or None where it failed."""
    if one.trouble is not None:
        return None
    start = one.sent_s if one.due_s is None else min(one.due_s, one.sent_s)
    delay, e2e = one.sent_s - start, one.ended_s - start
    moments = [time / 1000 for time, _tokens in one.arrivals]
    raw = [after - before for before, after in pairwise(moments)]
    ttft = delay + moments[0] if moments else None
    tokens = float(one.completion_tokens or sum(count for _time, count in one.arrivals))
    return Timing(
        e2e=e2e,
        delay=delay,
        ttft=ttft,
        visible=None if one.visible_ms is None else delay + one.visible_ms / 1000,
        tpot=(e2e - ttft) / (tokens - 1) if ttft is not None and tokens > 1 else None,
        gaps=tuple(_per_token(raw, [count for _time, count in one.arrivals[1:]])),
        stalls=_stalls(raw),
        longest=max(raw, default=0.0),
        tokens=tokens,
    )


def _per_token(gaps: Sequence[float], tokens: Sequence[float]) -> list[tuple[float, float]]:
    # A chunk may bring no new token: text that the server held back. Its gap belongs to the one token that it shows.
    return [(gap / max(1.0, count), max(1.0, count)) for gap, count in zip(gaps, tokens, strict=True)]


def _stalls(gaps: Sequence[float]) -> int:
    if not gaps:
        return 0
    bound = max(_STALL_AT_LEAST_S, _STALL_TIMES * statistics.median(gaps))
    return sum(gap > bound for gap in gaps)
