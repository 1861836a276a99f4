"""Easy families: the answers match the numbers in the text, in both languages."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

import pytest

from prompt_policy.bench.dataset.builtin import EASY_FAMILIES, easy
from prompt_policy.bench.dataset.builtin.question import QuestionFamily

# From the numbers in the order of the English text.
ANSWERS: list[tuple[QuestionFamily, Callable[..., int]]] = [
    (easy.change, lambda count, price, note: note - count * price),
    (easy.sharing, lambda boxes, per_box, children: boxes * per_box // children),
    (easy.journey, lambda hours, speed, rest: hours * speed + rest),
    (easy.savings, lambda first, weekly, weeks, spent: first + weekly * weeks - spent),
    (easy.seats, lambda rows, width, taken: rows * width - taken),
    (easy.reading, lambda pages, read, daily: (pages - read) // daily),
    (easy.ages, lambda child, factor, years: child * factor + years),
    (easy.fence, lambda length, width, price: 2 * (length + width) * price),
]


@pytest.mark.parametrize(("family", "compute"), ANSWERS, ids=lambda value: getattr(value, "__name__", ""))
def test_answers_are_positive_integers_that_match_the_text(family: QuestionFamily, compute: Callable[..., int]) -> None:
    rng = random.Random(3)
    for _ in range(50):
        question = family(rng)
        numbers = [int(number) for number in re.findall(r"\d+", question.english)]
        assert question.answer == compute(*numbers) > 0
        assert sorted(numbers) == sorted(int(number) for number in re.findall(r"\d+", question.chinese))


def test_every_easy_family_is_tested() -> None:
    assert {family for family, _compute in ANSWERS} == set(EASY_FAMILIES)
