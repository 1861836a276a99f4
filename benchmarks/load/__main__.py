"""Check that a LiteLLM proxy loses, mixes up and leaks nothing under load while its policies are edited.

    python -m benchmarks.load --requests 10000 --streams 500 --workers 2 --pause 0.4
    python -m benchmarks.load --minutes 30 --rate 6 --control --edit-pause 3 --json soak.json

The exit code is 1 if an answer was lost or mixed up, or if file descriptors or tasks were not released. Ctrl-C ends the
run early and reports the measurements up to then.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.load.plan import Plan
from benchmarks.load.run import run
from benchmarks.load.table import build_report, format_report


def main(argv: Sequence[str] | None = None) -> int:
    """Print the report; return the exit code."""
    options = _parse_options(argv)
    plan = Plan(
        requests=options.requests, streams=options.streams, minutes=options.minutes, rate=options.rate,
        workers=options.workers, control=options.control, pause_s=options.pause, edit_pause_s=options.edit_pause,
    )  # fmt: skip
    folder = Path(tempfile.mkdtemp(prefix="load-")) if options.folder is None else options.folder
    folder.mkdir(exist_ok=True)
    _log(f"all files of this run are in {folder}")
    load_run = run(plan, folder, _log)
    if options.json:
        options.json.write_text(json.dumps(build_report(load_run), indent=1))
    sys.stdout.write(format_report(load_run))
    return 0 if load_run.passed else 1


def _parse_options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.load", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=10_000, help="minimum number of requests (%(default)s)")
    parser.add_argument("--streams", type=int, default=500, help="concurrent streams (%(default)s)")
    parser.add_argument("--minutes", type=float, default=0, help="run at a steady rate for so many minutes")
    parser.add_argument("--rate", type=float, default=6, help="requests per second to each proxy (%(default)s)")
    parser.add_argument("--workers", type=int, default=1, help="worker processes of each proxy (%(default)s)")
    parser.add_argument("--control", action="store_true", help="add a proxy without the callback; needs --minutes")
    parser.add_argument("--pause", type=float, default=0.1, help="seconds between events of a stream (%(default)s)")
    parser.add_argument("--edit-pause", type=float, default=0, help="seconds between edits (%(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report with all samples to a file")
    parser.add_argument("--folder", type=Path, help="folder for configs, policies and logs (default: a temporary one)")
    options = parser.parse_args(argv)
    if options.control and not options.minutes:
        parser.error("--control needs --minutes; add it")
    return options


def _log(line: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
