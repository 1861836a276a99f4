"""Measure what prompt-policy costs: ``python -m benchmarks [SUITE ...] [--quick] [--save FILE] [--compare FILE]``.

All figures are medians with the 95 % interval of the median; what is compared takes turns in one run. The suites
litellm, engine and peers start real servers on loopback; engine needs vLLM's environment (see CONTRIBUTING.md), and
peers fetches Portkey's gateway with npm.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from benchmarks.figures import Figure, read, saved, table

SUITES: Final = {
    "core": "core",
    "start": "start",
    "library": "library",
    "wrap": "wrap",
    "asgi": "asgi",
    "litellm": "litellm_proxy",
    "engine": "engine",
    "peers": "peers",
}
_TOLD: Final = ("litellm", "openai", "pydantic", "uvicorn", "starlette", "orjson", "uvloop")


def main() -> int:
    """Measure, print one table, and return 1 where a target is not met."""
    wanted = _wanted()
    cores = os.sched_getaffinity(0)
    before = read(wanted.compare) if wanted.compare else {}
    figures = []
    for suite in wanted.suites or SUITES:
        for figure in _measured(suite, wanted.quick):
            figures.append(figure)
            sys.stderr.write(f"\r\x1b[K{suite}: {figure.name}" if sys.stderr.isatty() else "")
        os.sched_setaffinity(0, cores)
    sys.stderr.write("\r\x1b[K" if sys.stderr.isatty() else "")
    environment = _environment()
    sys.stdout.write(", ".join(f"{name} {value}" for name, value in environment.items()) + "\n")
    sys.stdout.write("".join(table(figures, before)))
    if wanted.save:
        saved(figures, environment, wanted.save)
    return int(any(figure.verdict == "NOT MET" for figure in figures))


def _wanted() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"of {', '.join(SUITES)}; without any, all")
    parser.add_argument("--quick", action="store_true", help="fewer repeats: wider intervals, a third of the time")
    parser.add_argument("--save", type=Path, metavar="FILE", help="write the figures to a file")
    parser.add_argument("--compare", type=Path, metavar="FILE", help="show the figures of a saved run beside these")
    wanted = parser.parse_args()
    for suite in wanted.suites:
        if suite not in SUITES:
            parser.error(f"there is no suite {suite!r}: choose from {', '.join(SUITES)}")
    return wanted


def _measured(suite: str, quick: bool) -> Iterator[Figure]:
    measure = importlib.import_module(f"benchmarks.{SUITES[suite]}").measure
    for figure in measure(quick):
        yield figure._replace(suite=suite)


def _environment() -> dict[str, Any]:
    model = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), ": unknown")
    versions = {name: importlib.metadata.version(name) for name in _TOLD if _is_installed(name)}
    return {"python": platform.python_version(), "cores": os.cpu_count(), "cpu": model.split(": ")[-1], **versions}


def _is_installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
