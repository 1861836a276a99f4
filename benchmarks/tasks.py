"""Measure the accuracy and the speed of the task classifier: ``python benchmarks/tasks.py [FILE.jsonl ...] [--json]``.

Each line of a file, which may be compressed with gzip, is an object with the texts ``text``, ``task`` (math, code or
other) and ``lang`` or ``language``; ``source`` divides a file into sets. Without a file, the labelled texts of this
repository are read. An invalid line ends the run with exit code 2.
"""

from __future__ import annotations

import argparse
import gzip
import inspect
import json
import statistics
import sys
import time
import zlib
from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import sqrt
from pathlib import Path
from typing import Any

from prompt_policy.conditions.excerpt import excerpt
from prompt_policy.conditions.tasks.classifier import classify_task

ROOT = Path(__file__).parents[1]
WRITTEN = ROOT / "benchmarks" / "tasks_data"
EVERYDAY = ROOT / "tests" / "unit" / "conditions" / "everyday.jsonl"
QUESTIONS = ROOT / "benchmarks" / "data" / "task_questions.jsonl"
HELD_OUT_PART = 0
PARTS = 4
TASKS = ("math", "code", "other")
CLASSIFIED_TASKS = ("math", "code")
HOSTILE = ("1+", "1", "一", "(", "\\frac{", "x^", "translate a ", "for x in ", "写", "aA")
LENGTHS = (375, 750, 1500, 3000, 6000, 12000)
Row = dict[str, str]
classify_uncached = inspect.unwrap(classify_task)


class BadFileError(Exception):
    """A file that cannot be read; the message is one line."""


def main(argv: Sequence[str] | None = None) -> int:
    """Print the report; return the exit code."""
    parser = argparse.ArgumentParser(description="Measure the accuracy and the speed of the task classifier.")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE.jsonl", help="labelled texts")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(argv)
    files = options.files or [QUESTIONS, EVERYDAY, *sorted(WRITTEN.glob("*.jsonl"))]
    try:
        rows = [row for path in files for row in read_questions(path)]
    except BadFileError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    report = {"sets": compute_scores(rows), "speed": measure_speed(rows)}
    sys.stdout.write(json.dumps(report, ensure_ascii=False, indent=1) + "\n" if options.json else format_tables(report))
    return 0


def read_questions(path: Path) -> list[Row]:
    """Return the texts of one file, each with the name of its set. Raise BadFileError if the file is invalid."""
    try:
        data = path.read_bytes()
        lines = (gzip.decompress(data) if path.suffix == ".gz" else data).decode().split("\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise BadFileError(f"{path} cannot be read: {reason}") from error
    is_written = path.parent == WRITTEN
    rows = [parse_question(line, f"{path}:{number}") for number, line in enumerate(lines, start=1) if line.strip()]
    name = path.name.partition(".")[0]
    return [{**row, "set": name_set(row, name, is_written)} for row in rows]


def name_set(row: Row, name: str, is_written: bool) -> str:
    """Return the set of a text: its file, and its source or whether the tables were trained on it."""
    if is_written:
        return f"{name}, {'held-out' if find_part(row['text']) == HELD_OUT_PART else 'trained'}"
    return f"{name}, {row['source']}" if row.get("source") and name != QUESTIONS.stem else name


def find_part(text: str) -> int:
    """Return the part of a written text, by its checksum. The tables are trained on all but ``HELD_OUT_PART``."""
    return zlib.crc32(text.encode()) % PARTS


def parse_question(line: str, place: str) -> Row:
    """Return the text in one line, its language under ``lang``. Raise BadFileError if the line is invalid."""
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise BadFileError(f"{place} is not JSON: {error.msg} at column {error.colno}") from error
    if not isinstance(row, dict):
        raise BadFileError(f"{place} is not a JSON object")
    row = {**row, "lang": row.get("lang", row.get("language"))}
    if wrong := [key for key in ("text", "task", "lang") if not isinstance(row.get(key), str)]:
        raise BadFileError(f"{place} has no text under {', '.join(wrong)}")
    if row["task"] not in TASKS:
        raise BadFileError(f"{place} has the unknown task {row['task']!r}; use {', '.join(TASKS)}")
    return row


def compute_scores(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Return the figures of math and code per set and language, and those of all texts of a set."""
    groups: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for row in rows:
        pair = (row["task"], classify_task(row["text"]))
        for language in (row["lang"], "all"):
            groups.setdefault((row["set"], language), []).append(pair)
    languages = {name: sum(other == name for other, _ in groups) for name, _ in groups}
    return [
        {"set": name, "lang": language, "task": task, **compute_score(pairs, task)}
        for (name, language), pairs in sorted(
            groups.items(), key=lambda item: (item[0][0], item[0][1] == "all", item[0])
        )
        if language != "all" or languages[name] > 2
        for task in CLASSIFIED_TASKS
    ]


def compute_score(pairs: Iterable[Sequence[str]], task: str) -> dict[str, Any]:
    """Return the figures of one task from pairs of the true task and the predicted one; None if undefined."""
    matches = [(true == task, predicted == task) for true, predicted in pairs]
    hits, false = matches.count((True, True)), matches.count((False, True))
    n, others = sum(true for true, _ in matches), sum(not true for true, _ in matches)
    return {
        "n": n,
        "recall": hits / n if n else None,
        "recall_interval": compute_interval(hits, n),
        "others": others,
        "false_rate": false / others if others else None,
        "false_interval": compute_interval(false, others),
        "precision": hits / (hits + false) if hits + false else None,
    }


def compute_interval(hits: int, n: int, z: float = 1.96) -> tuple[float, float] | None:
    """Return Wilson's interval of 95 % for a share; None without observations."""
    if not n:
        return None
    share = hits / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, centre - half), min(1.0, centre + half)


def measure_speed(rows: Iterable[Row]) -> dict[str, Any]:
    """Return the mean time for turns of 250 characters, and the growth of the time on hostile texts."""
    rows = list(rows)
    math = [row for row in rows if row["task"] == "math"]
    return {
        "microseconds_of_250_characters": measure_turns(rows),
        "microseconds_of_250_characters_math": measure_turns(math),
        "lengths": LENGTHS,
        "growth_on_doubling": {piece: measure_growth(piece) for piece in HOSTILE},
    }


def measure_turns(rows: Iterable[Row]) -> dict[str, float]:
    """Return the mean time for turns cut from texts, per language, in microseconds."""
    return {
        lang: statistics.mean(time_classification(turn) for turn in turns) * 1e6
        for lang, turns in cut_turns(rows).items()
    }


def cut_turns(rows: Iterable[Row], length: int = 250, max_turns: int = 100) -> dict[str, list[str]]:
    """Return turns of equal length per language, cut from the concatenated questions."""
    texts: dict[str, list[str]] = {}
    for row in rows:
        if row["lang"] in {"en", "zh"}:
            texts.setdefault(row["lang"], []).append(row["text"])
    joined = {lang: "\n".join(parts) for lang, parts in sorted(texts.items())}
    starts = range(0, length * max_turns, length)
    turns = {lang: [text[start : start + length] for start in starts] for lang, text in joined.items()}
    return {lang: whole for lang, cut in turns.items() if (whole := [turn for turn in cut if len(turn) == length])}


def measure_growth(piece: str) -> list[float]:
    """Return the ratio of the times for each length and the one before: 2 is linear, 1 is beyond the excerpt."""
    times = [time_classification((piece * length)[:length]) for length in LENGTHS]
    return [later / earlier for earlier, later in pairwise(times)]


def time_classification(text: str, times: int = 7) -> float:
    """Return the shortest of several times for classifying a text, in seconds."""
    return min(_time_once(text) for _ in range(times))


def _time_once(text: str) -> float:
    start = time.perf_counter()
    classify_uncached(excerpt(text))
    return time.perf_counter() - start


def format_tables(report: dict[str, Any]) -> str:
    """Return the report as text."""
    return "\n".join([*_format_scores(report), *_format_speed(report["speed"])]) + "\n"


def _format_scores(report: dict[str, Any]) -> list[str]:
    lines = [
        f"{'set':<32}{'lang':<6}{'task':<6}{'n':>4}  recall             {'others':>6}  false              precision"
    ]
    lines += [
        f"{row['set']:<32}{row['lang']:<6}{row['task']:<6}{row['n']:>4}  "
        f"{_format_rate(row['recall'], row['recall_interval'])}  {row['others']:>6}  "
        f"{_format_rate(row['false_rate'], row['false_interval'])}  {_format_share(row['precision']):>9}"
        for row in report["sets"]
        if row["n"] or row["false_rate"]
    ]
    return lines


def _format_rate(share: float | None, interval: tuple[float, float] | None) -> str:
    if interval is None:
        return f"{'-':<19}"
    return f"{_format_share(share)} [{interval[0]:.3f}-{interval[1]:.3f}]".ljust(19)


def _format_speed(speed: dict[str, Any]) -> list[str]:
    means = [
        ", ".join(f"{lang} {us:.0f} µs" for lang, us in speed[f"microseconds_of_250_characters{kind}"].items())
        for kind in ("", "_math")
    ]
    steps = " ".join(f"{longer:>6}" for longer in speed["lengths"][1:])
    lines = [
        "",
        f"mean for a turn of 250 characters: {means[0]}; for a problem: {means[1]}",
        "",
        f"{'time on doubling to':<20}{steps}",
    ]
    for piece, ratios in speed["growth_on_doubling"].items():
        lines.append(f"{piece!r:<20}" + " ".join(f"{ratio:>6.2f}" for ratio in ratios))
    return lines


def _format_share(share: float | None) -> str:
    return "-" if share is None else f"{share:.3f}"


if __name__ == "__main__":
    sys.exit(main())
