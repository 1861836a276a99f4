"""Reads the labelled turns that the weights are trained on: public sets, written sentences and generated turns.

The public sets lie in a folder outside the repository; docs/explanation/tasks.md lists their addresses and licences.
"""

from __future__ import annotations

import gzip
import json
import random
from collections import Counter
from collections.abc import Container, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from benchmarks.task_weights.generator import Generator, LabelledTurn, read_lines
from benchmarks.tasks import EVERYDAY, WRITTEN, find_part

PUBLIC: Final = "train.jsonl.gz"
COPIES: Final = 16
FRAMED_PUBLIC_PROBLEMS: Final = 40
MAX_SOURCE_WEIGHT: Final = 2500
"""The total weight of a source: a large one counts no more than this many turns."""
TRAINING_PARTS: Final = (1, 2, 3)
WRITTEN_WEIGHT: Final = 3.0
GENERATED_WEIGHT: Final = 0.5
_OWN_SOURCES: Final = ("project-everyday", "devsplit-everyday")


def read_training_turns(folder: Path, seed: int) -> list[LabelledTurn]:
    """Return all turns to train on.

    Arguments:
        folder: contains the public sets as ``train.jsonl.gz``, one object with ``source``, ``task``, ``lang`` and
            ``text`` a line.
        seed: of the generator.
    """
    generator = Generator(seed)
    public = list(_read_public(folder / PUBLIC))
    generated = [replace(turn, weight=GENERATED_WEIGHT) for turn in generator.generate(COPIES)]
    framed = _frame_problems(generator, public, seed)
    return [*public, *generated, *framed, *read_written_turns(TRAINING_PARTS)]


def read_written_turns(parts: Container[int]) -> list[LabelledTurn]:
    """Return the sentences that were written for this project and belong to some of their four parts.

    Part 0 is for the last measurement only; part 1 was for measurements during the development.
    """
    kept = []
    for line in _read_lines(EVERYDAY):
        turn = _parse_written(json.loads(line))
        if (0 if turn.source == "everyday held-out" else 2) in parts:
            kept.append(turn)
    for path in sorted(WRITTEN.glob("*.jsonl")):
        turns = [_parse_written(json.loads(line), path.stem) for line in _read_lines(path)]
        kept += [turn for turn in turns if find_part(turn.text) in parts]
    return kept


def _parse_written(row: dict[str, Any], name: str = "everyday") -> LabelledTurn:
    source = f"{name} {row['source']}" if "source" in row else name
    return LabelledTurn(row["text"], row["task"], row.get("lang") or row["language"], source, WRITTEN_WEIGHT)


def _read_public(path: Path) -> Iterator[LabelledTurn]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    rows = [row for row in rows if not row["source"].startswith(_OWN_SOURCES)]
    counts = Counter((row["source"], row["task"]) for row in rows)
    for row in rows:
        weight = min(1.0, MAX_SOURCE_WEIGHT / counts[row["source"], row["task"]])
        yield LabelledTurn(row["text"], row["task"], row["lang"], row["source"], weight)


def _frame_problems(generator: Generator, public: Iterable[LabelledTurn], seed: int) -> Iterator[LabelledTurn]:
    """Yield problems of the public sets within frames: most want something else than the result."""
    draw = random.Random(seed)
    for language, name in (("en", "english"), ("zh", "chinese")):
        problems = [turn.text for turn in public if turn.task == "math" and turn.language == language]
        for kind, task in (("other_frames", "other"), ("math_frames", "math")):
            for frame in read_lines(f"{name}_{kind}.txt"):
                for problem in draw.sample(problems, min(FRAMED_PUBLIC_PROBLEMS, len(problems))):
                    yield LabelledTurn(
                        generator.frame(frame, problem), task, language, f"public {kind}", GENERATED_WEIGHT
                    )


def _read_lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").split("\n") if line]
