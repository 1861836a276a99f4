"""How long things take to start: the import, and one command."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.bodies import POLICY
from benchmarks.figures import Figure
from benchmarks.serving import ROOT

_IMPORT: Final = """
import pydantic, pydantic.main, pydantic.fields, pydantic.functional_validators, time
begun = time.perf_counter()
import prompt_policy
print(time.perf_counter() - begun)
"""


def measure(quick: bool) -> Iterator[Figure]:
    """Yield the seconds of some starts, each in a process of its own."""
    number = 8 if quick else 20
    yield Figure.of("import prompt_policy, over pydantic's own", [_import() for _ in range(number)], "s", at_most=0.2)
    yield Figure.of("prompt-policy check of one file", [_check() for _ in range(number)], "s", at_most=0.5)


def _import() -> float:
    done = subprocess.run([sys.executable, "-c", _IMPORT], capture_output=True, text=True, check=True)
    return float(done.stdout)


def _check() -> float:
    begun = time.perf_counter()
    command = [str(Path(sys.executable).parent / "prompt-policy"), "check", str(ROOT / "policies" / f"{POLICY}.yaml")]
    subprocess.run(command, capture_output=True, check=True)
    return time.perf_counter() - begun
