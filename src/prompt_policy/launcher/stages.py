"""How far a starting vLLM is, read from the lines of its log."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of the start. ``share`` of the start lies behind it, roughly, from 0 to 1."""

    text: str
    share: float


IMPORTING: Final = Stage("importing", 0.0)
_WEIGHTS: Final = re.compile(r"Loading \w+ checkpoint shards:.*\| (\d+)/(\d+) \[")
_WEIGHTS_FROM: Final = 0.35
_WEIGHTS_TO: Final = 0.65
# In the order of a start, each with a text that only a line of its own holds.
_STAGES: Final[tuple[tuple[str, Stage], ...]] = (
    ("non-default args:", Stage("reading the configuration", 0.1)),
    ("Resolved architecture:", Stage("starting the engine", 0.2)),
    ("Starting to load model", Stage("loading weights", _WEIGHTS_FROM)),
    ("Loading weights took", Stage("weights loaded", _WEIGHTS_TO)),
    ("torch.compile", Stage("compiling", 0.7)),
    ("Dynamo bytecode transform", Stage("compiling", 0.7)),
    ("KV cache size:", Stage("making the cache", 0.8)),
    ("Capturing CUDA graph", Stage("capturing CUDA graphs", 0.85)),
    ("init engine (profile", Stage("engine ready", 0.9)),
    ("Starting vLLM server on", Stage("starting the server", 0.95)),
    ("Starting vLLM API server", Stage("starting the server", 0.95)),
    ("Application startup complete", Stage("application startup complete", 1.0)),
)
_QUIET: Final = "torch.compile, CUDAGraphs, and JIT"  # said where compiling is switched off


def stage_of(line: str) -> Stage | None:
    """Return the stage that a line tells, or None where it tells nothing."""
    if found := _WEIGHTS.search(line):
        done, total = int(found[1]), int(found[2])
        share = _WEIGHTS_FROM + (_WEIGHTS_TO - _WEIGHTS_FROM) * (done / total if total else 1)
        return Stage(f"weights {done} of {total}", share)
    if _QUIET in line:
        return None
    return next((stage for text, stage in _STAGES if text in line), None)
