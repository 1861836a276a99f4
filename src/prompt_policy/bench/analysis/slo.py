"""Service level objectives: the latency bounds that an answer must meet to count for goodput."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from prompt_policy.bench.analysis.latency import RequestTiming
from prompt_policy.errors import UsageError, did_you_mean

_METRIC_NAMES: Final = ("ttft", "visible", "tpot", "e2e")
_BOUND: Final = re.compile(r"(?P<name>[a-z0-9]+)=(?P<value>\d+(?:\.\d+)?)(?P<unit>ms|s)", re.ASCII)
_UNIT_S: Final = {"ms": 0.001, "s": 1.0}

Slo = Mapping[str, float]
"""Upper bounds in seconds, by the name of the latency."""


def parse_slo(text: str) -> Slo:
    """Parse ``ttft=500ms,tpot=50ms,e2e=30s``; the names are ttft, visible, tpot and e2e. Raise UsageError."""
    bounds: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        match = _BOUND.fullmatch(part)
        if match is None:
            raise UsageError(f"--slo {part}: expected NAME=TIME such as ttft=500ms or e2e=30s")
        name = match["name"]
        if name not in _METRIC_NAMES:
            raise UsageError(f"--slo {part}: unknown latency '{name}'{did_you_mean(name, _METRIC_NAMES)}")
        bounds[name] = float(match["value"]) * _UNIT_S[match["unit"]]
    return bounds


def meets_slo(timing: RequestTiming | None, slo: Slo) -> bool:
    """Return whether a request meets every bound. A request that failed, or that shows no token, meets none."""
    if timing is None:
        return False
    latencies = {"ttft": timing.ttft, "visible": timing.visible, "tpot": timing.tpot, "e2e": timing.e2e}
    return all((latency := latencies[name]) is not None and latency <= bound for name, bound in slo.items())
