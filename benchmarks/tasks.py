"""Measure how well and how fast tasks are told: ``python benchmarks/tasks.py [FILE.jsonl ...] [--json]``.

Each line of a file is an object with the texts ``id``, ``task`` (math, code or other), ``lang``, ``source`` and
``text``. Without a file, tests/conditions/everyday.jsonl is read. A line that is none of this ends the run with
exit code 2.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from prompt_policy.conditions.excerpt import excerpt
from prompt_policy.conditions.tasks import points_of, task_of

EVERYDAY = Path(__file__).parents[1] / "tests" / "conditions" / "everyday.jsonl"
KEYS = ("id", "task", "lang", "source", "text")
TASKS = ("math", "code", "other")
HOSTILE = ("1+", "1", "一", "(", "\\frac{", "x^", "translate a ", "for x in ", "写", "aA")
LENGTHS = (375, 750, 1500, 3000, 6000, 12000)
Row = dict[str, str]


class BadFileError(Exception):
    """A file that cannot be read, in one line."""


def main(argv: Sequence[str] | None = None) -> int:
    """Print the report; return the exit code."""
    parser = argparse.ArgumentParser(description="How well and how fast tasks are told.")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE.jsonl", help="labelled questions")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(argv)
    try:
        rows = [row for path in options.files or [EVERYDAY] for row in read(path)]
    except BadFileError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    report = {"tasks": scores(rows), "sources": accuracies(rows), "speed": speed(rows)}
    sys.stdout.write(json.dumps(report, ensure_ascii=False, indent=1) + "\n" if options.json else as_text(report))
    return 0


def read(path: Path) -> list[Row]:
    """Return the questions of one file."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise BadFileError(f"{path}: {reason}") from error
    return [row_of(line, f"{path}:{number}") for number, line in enumerate(lines, start=1) if line.strip()]


def row_of(line: str, place: str) -> Row:
    """Return one question."""
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise BadFileError(f"{place}: not JSON: {error.msg} at column {error.colno}") from error
    if not isinstance(row, dict):
        raise BadFileError(f"{place}: not an object")
    if wrong := [key for key in KEYS if not isinstance(row.get(key), str)]:
        raise BadFileError(f"{place}: no text under {', '.join(wrong)}")
    if row["task"] not in TASKS:
        raise BadFileError(f"{place}: task {row['task']!r} is none of {', '.join(TASKS)}")
    return row


def scores(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Return precision and recall per language and task; None where there is nothing to divide by."""
    told = [(row["lang"], row["task"], task_of(row["text"])) for row in rows]
    return [
        {"lang": lang, "task": task, **score([pair for language, *pair in told if language == lang], task)}
        for lang in sorted({lang for lang, _, _ in told})
        for task in TASKS
    ]


def score(pairs: Iterable[Sequence[str]], task: str) -> dict[str, float | int | None]:
    """Return precision and recall of one task over pairs of the right and the told one."""
    fates = [(right == task, told == task) for right, told in pairs]
    hits = fates.count((True, True))
    n, told = sum(right for right, _ in fates), sum(told for _, told in fates)
    return {"n": n, "precision": hits / told if told else None, "recall": hits / n if n else None}


def accuracies(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Return the share told right per source and task."""
    told: dict[tuple[str, str], list[bool]] = {}
    for row in rows:
        told.setdefault((row["source"], row["task"]), []).append(task_of(row["text"]) == row["task"])
    return [
        {"source": source, "task": task, "n": len(right), "accuracy": sum(right) / len(right)}
        for (source, task), right in sorted(told.items())
    ]


def speed(rows: Iterable[Row]) -> dict[str, Any]:
    """Return the median time for turns of 250 characters and how time grows on hostile runs."""
    return {
        "microseconds_of_250_characters": {
            lang: statistics.median(seconds(turn) for turn in turns) * 1e6 for lang, turns in turns_of(rows).items()
        },
        "lengths": LENGTHS,
        "growth_on_doubling": {piece: growth(piece) for piece in HOSTILE},
    }


def turns_of(rows: Iterable[Row], length: int = 250, at_most: int = 100) -> dict[str, list[str]]:
    """Return turns of one length per language, cut from the questions set one after another."""
    texts: dict[str, list[str]] = {}
    for row in rows:
        texts.setdefault(row["lang"], []).append(row["text"])
    joined = {lang: "\n".join(parts) for lang, parts in sorted(texts.items())}
    starts = range(0, length * at_most, length)
    turns = {lang: [text[start : start + length] for start in starts] for lang, text in joined.items()}
    return {lang: whole for lang, cut in turns.items() if (whole := [turn for turn in cut if len(turn) == length])}


def growth(piece: str) -> list[float]:
    """Return the ratios of the times for each length and the one before; 2 is linear, above the bound it is 1."""
    times = [seconds((piece * length)[:length]) for length in LENGTHS]
    return [later / earlier for earlier, later in pairwise(times)]


def seconds(text: str, times: int = 7) -> float:
    """Return the shortest of several times for one verdict."""
    return min(_once(text) for _ in range(times))


def _once(text: str) -> float:
    start = time.perf_counter()
    points_of(excerpt(text))
    return time.perf_counter() - start


def as_text(report: dict[str, Any]) -> str:
    """Return the report as tables."""
    return "\n".join([*_score_lines(report), *_speed_lines(report["speed"])]) + "\n"


def _score_lines(report: dict[str, Any]) -> list[str]:
    lines = [f"{'lang':<6}{'task':<8}{'n':>5}  precision  recall"]
    lines += [
        f"{row['lang']:<6}{row['task']:<8}{row['n']:>5}  {_share(row['precision']):>9}  {_share(row['recall']):>6}"
        for row in report["tasks"]
    ]
    lines += ["", f"{'source':<32}{'task':<8}{'n':>5}  accuracy"]
    lines += [
        f"{row['source']:<32}{row['task']:<8}{row['n']:>5}  {_share(row['accuracy']):>8}" for row in report["sources"]
    ]
    return lines


def _speed_lines(speed: dict[str, Any]) -> list[str]:
    medians = ", ".join(f"{lang} {us:.0f} µs" for lang, us in speed["microseconds_of_250_characters"].items())
    steps = " ".join(f"{longer:>6}" for longer in speed["lengths"][1:])
    lines = ["", f"median for a turn of 250 characters: {medians}", "", f"{'time on doubling to':<20}{steps}"]
    for piece, ratios in speed["growth_on_doubling"].items():
        lines.append(f"{piece!r:<20}" + " ".join(f"{ratio:>6.2f}" for ratio in ratios))
    return lines


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.3f}"


if __name__ == "__main__":
    sys.exit(main())
