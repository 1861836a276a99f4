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
from pathlib import Path
from typing import Any, Final

from benchmarks.figures import Figure, Unavailable, read, saved, table

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
    """Measure, print one table, and return 1 where a target is not met, 2 where something is wrong with the words."""
    wanted = _wanted()
    try:
        before = read(wanted.compare) if wanted.compare else {}
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    figures: list[Figure] = []
    try:
        for suite in wanted.suites or SUITES:
            _measure(suite, wanted.quick, figures)
    except KeyboardInterrupt:
        sys.stderr.write("stopped: this is what was measured so far\n")
    environment = _environment()
    sys.stdout.write(", ".join(f"{name} {value}" for name, value in environment.items()) + "\n")
    sys.stdout.write("".join(table(figures, before)))
    if wanted.save:
        saved(figures, environment, wanted.save)
    return int(any(figure.verdict == "NOT MET" for figure in figures))


def _measure(suite: str, quick: bool, figures: list[Figure]) -> None:
    """Add a suite's figures; say so where what it needs cannot be had here."""
    cores, shows = os.sched_getaffinity(0), sys.stderr.isatty()
    try:
        for figure in importlib.import_module(f"benchmarks.{SUITES[suite]}").measure(quick):
            figures.append(figure._replace(suite=suite))
            sys.stderr.write(f"\r\x1b[K{suite}: {figure.name}" if shows else "")
    except Unavailable as error:
        sys.stderr.write(f"{suite}: not measured: {error}\n")
    finally:
        os.sched_setaffinity(0, cores)
        sys.stderr.write("\r\x1b[K" if shows else "")


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
