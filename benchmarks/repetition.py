"""Measure stop_repetition: ``python -m benchmarks.repetition [FOLDER ...] [--min-chars N] [--min-repeats N]``.

It searches generated texts, and the text files below the folders, for repetitions that would end an answer. It then
reports after how many characters loops are detected, and the time for a piece of four characters.
"""

from __future__ import annotations

import argparse
import sys
import sysconfig
import timeit
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.long_texts import build_legitimate_texts, build_loops, read_files
from benchmarks.texts import CHINESE, CODE, MARKDOWN
from prompt_policy.kinds.filters.repetition import RepetitionDetector
from prompt_policy.kinds.stop_repetition import StopRepetition

_PIECE_CHARS: Final = 4
_MAX_LOOP_CHARS: Final = 200_000


def main() -> int:
    """Measure and print; return 1 if a generated text would be ended or a loop is not detected."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.repetition", description=(__doc__ or "").split("\n")[0])
    default = [Path(sysconfig.get_path("stdlib"))]
    parser.add_argument("folders", nargs="*", type=Path, default=default, help="default: the standard library's files")
    for name in ("max_period", "min_repeats", "min_chars"):
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=StopRepetition.model_fields[name].default)
    options = parser.parse_args()
    limits = (options.max_period, options.min_repeats, options.min_chars)
    problems = [*_find_ended_texts(limits)]
    for line in (*_report_files(options.folders, limits), *_report_loops(limits, problems), *_report_times(limits)):
        sys.stdout.write(f"{line}\n")
    sys.stdout.writelines(f"PROBLEM: {problem}\n" for problem in problems)
    return int(bool(problems))


def find_repetition(text: str, limits: tuple[int, int, int]) -> int | None:
    """Return after how many characters a text would be ended, or None."""
    return RepetitionDetector(*limits).feed(text)


def measure_delay(before: str, repeated: str, limits: tuple[int, int, int]) -> int | None:
    """Return how many characters of a loop pass before it is detected, or None if it is not."""
    text = before + repeated * (_MAX_LOOP_CHARS // len(repeated))
    found = find_repetition(text, limits)
    return None if found is None else found - len(before)


def _find_ended_texts(limits: tuple[int, int, int]) -> Iterator[str]:
    for name, text in build_legitimate_texts().items():
        if (place := find_repetition(text, limits)) is not None:
            yield f"{name} would be ended after {place:,} characters"


def _report_files(folders: list[Path], limits: tuple[int, int, int]) -> Iterator[str]:
    files = characters = 0
    for path, text in read_files(folders):
        files, characters = files + 1, characters + len(text)
        if (place := find_repetition(text, limits)) is not None:
            yield f"file that would be ended after {place:,} of {len(text):,} characters: {path}"
    yield f"files searched: {files:,}, with {characters / 1e6:,.1f} million characters"


def _report_loops(limits: tuple[int, int, int], problems: list[str]) -> Iterator[str]:
    for name, loop in build_loops().items():
        if (delay := measure_delay(*loop, limits)) is None:
            problems.append(f"a loop of {name} is not detected")
        else:
            yield f"loop of {name}: detected after {delay:,} characters"


def _report_times(limits: tuple[int, int, int]) -> Iterator[str]:
    for name, text in {"Markdown": MARKDOWN, "Chinese": CHINESE, "code": CODE, "ab": "ab"}.items():
        long = "".join(f"{text}{number}" for number in range(40_000 // len(text)))
        pieces = [long[start : start + _PIECE_CHARS] for start in range(0, len(long), _PIECE_CHARS)]

        def run(pieces: list[str] = pieces) -> None:
            feed = RepetitionDetector(*limits).feed
            for piece in pieces:
                feed(piece)

        seconds = min(timeit.repeat(run, number=1, repeat=7)) / len(pieces)
        yield f"time for {_PIECE_CHARS} characters of {name}: {seconds * 1e6:.2f} µs"


if __name__ == "__main__":
    raise SystemExit(main())
