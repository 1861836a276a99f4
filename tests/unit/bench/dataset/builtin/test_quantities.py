"""Families about quantities: the answers match the numbers in the text."""

from __future__ import annotations

import random
import re
from fractions import Fraction

from prompt_policy.bench.dataset.builtin import quantities


def find_numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", text)]


def test_prices_match_the_text() -> None:
    rng = random.Random(3)
    for _ in range(50):
        question = quantities.discount(rng)
        price, count, off, tax = find_numbers(question.english)
        assert question.answer == Fraction(price * count * (100 - off) * (100 + tax), 10_000)


def test_work_matches_the_text() -> None:
    rng = random.Random(3)
    for _ in range(50):
        question = quantities.work(rng)
        first, second, together = find_numbers(question.english)[:3]
        remaining = 1 - Fraction(together, first) - Fraction(together, second)
        assert question.answer == remaining * second


def test_series_exclude_the_struck_out_terms() -> None:
    rng = random.Random(3)
    for _ in range(50):
        question = quantities.series(rng)
        first, step, count, skipped = find_numbers(question.english)
        assert question.answer == sum(first + n * step for n in range(count) if (n + 1) % skipped)
