"""Families of quantities: the text says what is reckoned."""

from __future__ import annotations

import random
import re
from fractions import Fraction

from prompt_policy.bench.builtin import quantities


def found(text: str) -> list[int]:
    return [int(each) for each in re.findall(r"\d+", text)]


def test_prices_and_work_are_those_of_the_text() -> None:
    draw = random.Random(3)
    for _ in range(50):
        made = quantities.discount(draw)
        price, count, off, tax = found(made.english)
        assert made.answer == Fraction(price * count * (100 - off) * (100 + tax), 10_000)

        made = quantities.work(draw)
        first, second, together = found(made.english)[:3]
        left = 1 - Fraction(together, first) - Fraction(together, second)
        assert made.answer == left * second


def test_struck_out_terms_are_left_out() -> None:
    draw = random.Random(3)
    for _ in range(50):
        made = quantities.series(draw)
        first, step, count, skipped = found(made.english)
        assert made.answer == sum(first + n * step for n in range(count) if (n + 1) % skipped)
