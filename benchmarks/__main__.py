"""Measure what prompt-policy costs: ``python -m benchmarks [SUITE ...] [--quick] [--save F] [--compare F] [--csv F]``.

All figures are medians with the 95 % interval of the median. Times are ratios or differences of calls that alternate
in one run; between commits, compare the suite ``instructions``, which needs valgrind. The suites asgi, latency,
workers, wrap, litellm, engine and peers start real servers on loopback; engine needs vLLM's environment (see
CONTRIBUTING.md), and peers fetches Portkey's gateway with npm.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import os
import platform
import signal
import sys
from pathlib import Path
from typing import Any, Final

from benchmarks.figures import Figure, Unavailable
from benchmarks.report import SavedRun, format_table, read_run, save_run, write_csv

SUITES: Final = {
    "core": "core",
    "instructions": "instructions",
    "middleware": "middleware",
    "memory": "memory",
    "batch": "batch",
    "library": "library",
    "start": "start",
    "asgi": "asgi",
    "latency": "latency",
    "workers": "workers",
    "wrap": "wrap",
    "litellm": "litellm_proxy",
    "engine": "engine",
    "peers": "peers",
}
_PACKAGES: Final = ("litellm", "openai", "pydantic", "uvicorn", "httptools", "starlette", "orjson", "uvloop")


def main() -> int:
    """Measure and print a table; return 1 if a target is not met, and 2 if the arguments are wrong."""
    options = _parse_options()
    try:
        before = read_run(options.compare) if options.compare else {}
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    figures: list[Figure] = []
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # otherwise the servers would keep running
    try:
        for suite in options.suites or SUITES:
            _measure(suite, options.quick, figures)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; only the figures measured so far are shown\n")
    finally:  # the figures of other suites are reported even if one fails
        _report(figures, before, options)
    return int(any(figure.verdict == "NOT MET" for figure in figures))


def _report(figures: list[Figure], before: SavedRun, options: argparse.Namespace) -> None:
    environment = _describe_environment()
    sys.stdout.write(", ".join(f"{name} {value}" for name, value in environment.items()) + "\n")
    sys.stdout.write("".join(format_table(figures, before)))
    if options.save:
        save_run(figures, environment, options.save)
    if options.csv:
        write_csv(figures, options.csv)


def _measure(suite: str, quick: bool, figures: list[Figure]) -> None:
    """Add a suite's figures; report a requirement that this machine does not meet."""
    cores, shows = os.sched_getaffinity(0), sys.stderr.isatty()
    try:
        for figure in importlib.import_module(f"benchmarks.suites.{SUITES[suite]}").measure(quick):
            figures.append(figure._replace(suite=suite))
            sys.stderr.write(f"\r\x1b[K{suite}: {figure.name}" if shows else "")
    except Unavailable as error:
        sys.stderr.write(f"{suite}: not measured completely: {error}\n")
    finally:
        os.sched_setaffinity(0, cores)
        sys.stderr.write("\r\x1b[K" if shows else "")


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"of {', '.join(SUITES)}; default: all")
    parser.add_argument("--quick", action="store_true", help="repeat less often: wider intervals, a third of the time")
    parser.add_argument("--save", type=Path, metavar="FILE", help="write the figures to a JSON file")
    parser.add_argument("--compare", type=Path, metavar="FILE", help="show the figures of a saved run beside these")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write the figures to a CSV file")
    options = parser.parse_args()
    for suite in options.suites:
        if suite not in SUITES:
            parser.error(f"unknown suite {suite!r}; choose from {', '.join(SUITES)}")
    return options


def _describe_environment() -> dict[str, Any]:
    model = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), ": unknown")
    versions = {name: importlib.metadata.version(name) for name in _PACKAGES if _is_installed(name)}
    return {"python": platform.python_version(), "cores": os.cpu_count(), "cpu": model.split(": ")[-1], **versions}


def _is_installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
