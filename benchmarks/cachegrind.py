"""Instructions of a call, counted by valgrind's cachegrind: the same on a busy machine as on an idle one.

A process starts, calls one function of a pair more often than the other, and ends; a second process does the opposite.
The difference of their counts contains neither the start nor the work that both functions do.
"""

from __future__ import annotations

import gc
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.cases import CASES
from benchmarks.figures import Unavailable
from benchmarks.servers.processes import ROOT, build_environment

FEW: Final = 20
_REFS: Final = re.compile(r"^==\d+== I +refs: +([\d,]+)$", re.MULTILINE)


class Cachegrind:
    """Counts instructions of processes whose compiled modules are cached in a folder.

    Raise Unavailable if valgrind is not installed.
    """

    def __init__(self, folder: Path) -> None:
        valgrind = shutil.which("valgrind")
        if valgrind is None:
            raise Unavailable("valgrind is not installed; install your system's package of that name")
        self._command = [valgrind, "--tool=cachegrind", "--cache-sim=no", f"--cachegrind-out-file={folder}/%p.out"]
        self._environment = build_environment(folder) | {"PYTHONHASHSEED": "0"}

    def count(self, case: str, calls: int) -> float:
        """Return the instructions of one call of a case minus those of the call beside it.

        Arguments:
            case: one of ``benchmarks.cases.CASES``.
            calls: the number of calls to count.
        """
        self._run([], case, 1, 1)  # compiles the modules, so that neither count contains that
        with ThreadPoolExecutor(2) as pool:
            counts = pool.map(partial(self._count, case), (FEW + calls, FEW), (FEW, FEW + calls))
        with_it, without = counts
        return (with_it - without) / calls

    def _count(self, case: str, work_calls: int, beside_calls: int) -> int:
        return parse_count(self._run(self._command, case, work_calls, beside_calls))

    def _run(self, command: Sequence[str], case: str, work_calls: int, beside_calls: int) -> str:
        words = [sys.executable, "-m", "benchmarks.cachegrind", case, str(work_calls), str(beside_calls)]
        done = subprocess.run(
            [*command, *words], cwd=ROOT, env=self._environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{case} could not be counted:\n{done.stderr[-2000:]}")
        return done.stderr


def parse_count(report: str) -> int:
    """Return the number of instructions in cachegrind's report. Raise ValueError if it contains no number."""
    if (found := _REFS.search(report)) is None:
        raise ValueError(f"cachegrind reported no instructions: {report[-500:]!r}")
    return int(found[1].replace(",", ""))


def main(name: str, work_calls: int, beside_calls: int) -> None:
    """Call both functions of a case, each the given number of times."""
    pair = CASES[name]()
    gc.collect()
    gc.freeze()  # otherwise a garbage collection in only one of the processes would be counted
    for call, number in ((pair.work, work_calls), (pair.beside, beside_calls)):
        for _ in range(number):
            call()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
