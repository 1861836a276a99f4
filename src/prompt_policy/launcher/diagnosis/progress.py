"""The progress of a starting vLLM, from the lines of its log."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class StartupStage:
    """A stage of the start. ``share`` is the approximate completed share of the start, from 0 to 1."""

    text: str
    share: float


IMPORTING: Final = StartupStage("importing", 0.0)
_WEIGHTS: Final = re.compile(r"Loading \w+ checkpoint shards:.*\| (\d+)/(\d+) \[")
_WEIGHTS_FROM: Final = 0.35
_WEIGHTS_TO: Final = 0.65
# In start-up order, each with a text that occurs in its log line only.
_STAGES: Final[tuple[tuple[str, StartupStage], ...]] = (
    ("non-default args:", StartupStage("reading the configuration", 0.1)),
    ("Resolved architecture:", StartupStage("starting the engine", 0.2)),
    ("Starting to load model", StartupStage("loading weights", _WEIGHTS_FROM)),
    ("Loading weights took", StartupStage("weights loaded", _WEIGHTS_TO)),
    ("Warming up model for the compilation", StartupStage("compiling; --enforce-eager skips this", 0.7)),
    ("torch.compile", StartupStage("compiling", 0.7)),
    ("Dynamo bytecode transform", StartupStage("compiling", 0.7)),
    ("KV cache size:", StartupStage("allocating the cache", 0.8)),
    ("Capturing CUDA graph", StartupStage("capturing CUDA graphs", 0.85)),
    ("init engine (profile", StartupStage("engine ready", 0.9)),
    ("Starting vLLM server on", StartupStage("starting the server", 0.95)),
    ("Starting vLLM API server", StartupStage("starting the server", 0.95)),
    ("Application startup complete", StartupStage("application startup complete", 1.0)),
)
_NOT_COMPILING: Final = "torch.compile, CUDAGraphs, and JIT"  # logged when compilation is disabled


def parse_stage(line: str) -> StartupStage | None:
    """Return the stage that a log line announces, or None."""
    if match := _WEIGHTS.search(line):
        done, total = int(match[1]), int(match[2])
        share = _WEIGHTS_FROM + (_WEIGHTS_TO - _WEIGHTS_FROM) * (done / total if total else 1)
        return StartupStage(f"weights {done} of {total}", share)
    if _NOT_COMPILING in line:
        return None
    return next((stage for text, stage in _STAGES if text in line), None)
