"""Lost, mixed up, or held for ever? Load and soak of a LiteLLM proxy while its policies are edited.

    python -m benchmarks.load --requests 10000 --streams 500 --workers 2 --pause 0.4
    python -m benchmarks.load --minutes 30 --rate 6 --control --edit-pause 3 --json soak.json

The exit code is 1 where an answer was lost or mixed up, or where file descriptors or tasks did not go back to what
they were. Ctrl-C ends it early, with what was measured so far.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.load.made import Plan
from benchmarks.load.run import run
from benchmarks.load.table import as_json, as_text


def main(argv: Sequence[str] | None = None) -> int:
    """Print the report; return the exit code."""
    wanted = _options(argv)
    plan = Plan(
        requests=wanted.requests, streams=wanted.streams, minutes=wanted.minutes, rate=wanted.rate,
        workers=wanted.workers, control=wanted.control, pause_s=wanted.pause, edit_pause_s=wanted.edit_pause,
    )  # fmt: skip
    folder = Path(tempfile.mkdtemp(prefix="load-")) if wanted.folder is None else wanted.folder
    folder.mkdir(exist_ok=True)
    _say(f"everything is below {folder}")
    made = run(plan, folder, _say)
    if wanted.json:
        wanted.json.write_text(json.dumps(as_json(made), indent=1))
    sys.stdout.write(as_text(made))
    return 0 if made.passed else 1


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.load", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=10_000, help="at least so many (default: %(default)s)")
    parser.add_argument("--streams", type=int, default=500, help="streams at once (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=0, help="instead: at a steady rate for so long")
    parser.add_argument("--rate", type=float, default=6, help="requests a second, to each proxy (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=1, help="of a proxy (default: %(default)s)")
    parser.add_argument("--control", action="store_true", help="a proxy without the callback beside; with --minutes")
    parser.add_argument("--pause", type=float, default=0.1, help="seconds between events of a stream (%(default)s)")
    parser.add_argument("--edit-pause", type=float, default=0, help="seconds between edits (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all samples there")
    parser.add_argument("--folder", type=Path, help="where configs, policies and logs go (default: a temporary one)")
    wanted = parser.parse_args(argv)
    if wanted.control and not wanted.minutes:
        parser.error("--control is for --minutes")
    return wanted


def _say(line: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
