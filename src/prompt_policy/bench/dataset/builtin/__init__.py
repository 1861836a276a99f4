"""The built-in questions: generated ones, and problems written by hand in English and Chinese."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from importlib.resources import files
from itertools import islice
from typing import Final

from prompt_policy.bench.dataset.builtin import counting, easy, numbers, quantities
from prompt_policy.bench.dataset.builtin.question import QuestionFamily
from prompt_policy.bench.dataset.question import Question
from prompt_policy.errors import UsageError

QUESTION_FAMILIES: Final[tuple[QuestionFamily, ...]] = (
    numbers.last_residue, numbers.divisors, numbers.remainders, numbers.bases, numbers.tiles,
    counting.dice, counting.committee, counting.lattice, counting.marbles, counting.codes,
    quantities.linear, quantities.quadratic, quantities.work, quantities.series, quantities.discount,
    quantities.recurrence,
)  # fmt: skip
EASY_FAMILIES: Final[tuple[QuestionFamily, ...]] = (
    easy.change, easy.sharing, easy.journey, easy.savings, easy.seats, easy.reading, easy.ages, easy.fence,
)  # fmt: skip
MAX_QUESTIONS: Final = 1000
_STORIES: Final = "stories.jsonl"
_MAX_ATTEMPTS: Final = 300


def select_builtin_questions(count: int, seed: int) -> tuple[Question, ...]:
    """Return ``count`` questions, taken from the families in turn. The same seed gives the same questions.

    Every second generated question is in Chinese. The problems written by hand are two further families, until they
    are exhausted.
    """
    stories = load_stories()
    random.Random(f"{seed}|stories").shuffle(stories)
    names = dict.fromkeys(story.family for story in stories)
    hand_written = [iter([story for story in stories if story.family == name]) for name in names]
    return _select(count, [_generate_questions(family, seed) for family in QUESTION_FAMILIES] + hand_written)


def select_easy_questions(count: int, seed: int) -> tuple[Question, ...]:
    """Return ``count`` easy questions in two steps, taken from their families in turn.

    Half of any even number of them are in Chinese, because every second family begins in Chinese.
    """
    families = enumerate(EASY_FAMILIES)
    return _select(count, [_generate_questions(family, seed, 1 - number % 2) for number, family in families])


def _select(count: int, sources: list[Iterator[Question]]) -> tuple[Question, ...]:
    if count > MAX_QUESTIONS:
        raise UsageError(f"--questions: at most {MAX_QUESTIONS} of {count} built-in questions are available")
    return tuple(islice(_deal_questions(sources), count))


def load_stories() -> list[Question]:
    """Return the problems that were written by hand."""
    text = (files(__package__) / _STORIES).read_text(encoding="utf-8")
    return [Question.model_validate_json(line) for line in text.splitlines() if line]


def _deal_questions(sources: list[Iterator[Question]]) -> Iterator[Question]:
    """Yield one question of each source in turn, until all sources are exhausted."""
    while sources:
        for source in list(sources):
            question = next(source, None)
            if question is None:
                sources.remove(source)
            else:
                yield question


def _generate_questions(family: QuestionFamily, seed: int, first_chinese: int = 1) -> Iterator[Question]:
    """Yield distinct questions of a family. Raise ArithmeticError if its two computations of an answer differ.

    Arguments:
        family: the family.
        seed: the seed of the questions.
        first_chinese: 0 if the first question is in Chinese, 1 if the second is.
    """
    name = _family_name(family)
    generator = random.Random(f"{seed}|{name}")
    seen: set[str] = set()
    attempts = 0
    while attempts < _MAX_ATTEMPTS:  # a small family runs out of new questions
        generated = family(generator)
        attempts += 1
        if generated.english in seen:
            continue
        if generated.answer != generated.check_answer:
            raise ArithmeticError(f"{name}: {generated}")
        text = generated.chinese if len(seen) % 2 == first_chinese else generated.english
        yield Question(id=f"{name}-{len(seen)}", question=text, answer=str(generated.answer), family=name)
        seen.add(generated.english)
        attempts = 0


def _family_name(family: Callable[..., object]) -> str:
    return family.__name__.replace("_", "-")
