"""Questions that are shipped: generated ones, seeded, and problems written by hand in English and Chinese."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from importlib.resources import files
from itertools import islice
from typing import Final

from prompt_policy.bench.builtin import counting, numbers, quantities
from prompt_policy.bench.builtin.made import Family
from prompt_policy.bench.questions import Question
from prompt_policy.errors import UsageError

FAMILIES: Final[tuple[Family, ...]] = (
    numbers.last_residue, numbers.divisors, numbers.remainders, numbers.bases, numbers.tiles,
    counting.dice, counting.committee, counting.lattice, counting.marbles, counting.codes,
    quantities.linear, quantities.quadratic, quantities.work, quantities.series, quantities.discount,
    quantities.recurrence,
)  # fmt: skip
_STORIES: Final = "stories.jsonl"
_TRIES: Final = 300
_AT_MOST: Final = 1000


def builtin_questions(count: int, seed: int) -> tuple[Question, ...]:
    """Return so many questions, dealt evenly to the families; the same ones for one seed.

    Every second generated question is in Chinese. The problems written by hand are two families, as long as there
    are any.
    """
    if count > _AT_MOST:
        raise UsageError(f"--questions builtin:{count}: there are {_AT_MOST} at most")
    return tuple(islice(_dealt(seed), count))


def stories() -> list[Question]:
    """Return the problems that were written by hand."""
    text = (files(__package__) / _STORIES).read_text(encoding="utf-8")
    return [Question.model_validate_json(line) for line in text.splitlines() if line]


def _dealt(seed: int) -> Iterator[Question]:
    sources: list[Iterator[Question]] = [_generated(family, seed) for family in FAMILIES]
    written = stories()
    random.Random(f"{seed}|stories").shuffle(written)
    for family in dict.fromkeys(question.family for question in written):
        sources += [iter([question for question in written if question.family == family])]
    while sources:
        for source in list(sources):
            question = next(source, None)
            if question is None:
                sources.remove(source)
            else:
                yield question


def _generated(family: Family, seed: int) -> Iterator[Question]:
    name = _name(family)
    draw = random.Random(f"{seed}|{name}")
    seen: set[str] = set()
    tries = 0
    while tries < _TRIES:  # small families come to an end
        made = family(draw)
        tries += 1
        if made.english in seen:
            continue
        if made.answer != made.again:
            raise ArithmeticError(f"{name}: {made}")
        text = made.english if len(seen) % 2 == 0 else made.chinese
        yield Question(id=f"{name}-{len(seen)}", question=text, answer=str(made.answer), family=name)
        seen.add(made.english)
        tries = 0


def _name(family: Callable[..., object]) -> str:
    return family.__name__.replace("_", "-")
