"""Processor time of start-up: the import, and one command."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.bodies import POLICY
from benchmarks.figures import Figure
from benchmarks.servers.processes import ROOT, build_environment

_IMPORT: Final = """
import pydantic, pydantic.main, pydantic.fields, pydantic.functional_validators, time
begun = time.process_time()
import prompt_policy
print(time.process_time() - begun)
"""


def measure(quick: bool) -> Iterator[Figure]:
    """Yield the milliseconds of each start in a separate process; the modules are compiled before."""
    number = 8 if quick else 20
    with tempfile.TemporaryDirectory() as folder:
        environment = build_environment(Path(folder))
        imports = [_measure_import(environment) for _ in range(number + 1)][1:]
        yield Figure.of("import prompt_policy, beyond pydantic", imports, "ms", at_most=200)
        checks = [_measure_check(environment) for _ in range(number + 1)][1:]
        yield Figure.of("prompt-policy check of one file", checks, "ms", at_most=250)


def _measure_import(environment: dict[str, str]) -> float:
    command = [sys.executable, "-c", _IMPORT]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return 1e3 * float(done.stdout)


def _measure_check(environment: dict[str, str]) -> float:
    """Return the processor time of the command, as the system accounts for it."""
    command = [str(Path(sys.executable).parent / "prompt-policy"), "check", str(ROOT / "policies" / f"{POLICY}.yaml")]
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _pid, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with status {process.returncode}")
    return 1e3 * (usage.ru_utime + usage.ru_stime)
