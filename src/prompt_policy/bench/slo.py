"""Service level objectives: what an answer must keep to count as a good one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from prompt_policy.bench.timing import Timing
from prompt_policy.errors import UsageError
from prompt_policy.policy.mistakes import near

_NAMES: Final = ("ttft", "visible", "tpot", "e2e")
_BOUND: Final = re.compile(r"(?P<name>[a-z0-9]+)=(?P<value>\d+(?:\.\d+)?)(?P<unit>ms|s)", re.ASCII)
_SECONDS: Final = {"ms": 0.001, "s": 1.0}

Slo = Mapping[str, float]
"""Upper bounds in seconds, by the name of a time."""


def parse_slo(text: str) -> Slo:
    """Read ``ttft=500ms,tpot=50ms,e2e=30s``; any of ttft, visible, tpot and e2e."""
    bounds: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        found = _BOUND.fullmatch(part)
        if found is None:
            raise UsageError(f"--slo {part}: expected NAME=TIME such as ttft=500ms or e2e=30s")
        if found["name"] not in _NAMES:
            raise UsageError(f"--slo {part}: no time is named '{found['name']}'{near(found['name'], _NAMES)}")
        bounds[found["name"]] = float(found["value"]) * _SECONDS[found["unit"]]
    return bounds


def keeps(timing: Timing | None, slo: Slo) -> bool:
    """Tell whether an answer keeps every bound. One that failed, or never showed a token, keeps none."""
    if timing is None:
        return False
    times = {"ttft": timing.ttft, "visible": timing.visible, "tpot": timing.tpot, "e2e": timing.e2e}
    return all((time := times[name]) is not None and time <= bound for name, bound in slo.items())
