"""Families about whole numbers: the text says what is reckoned."""

from __future__ import annotations

import math
import random
import re

from prompt_policy.bench.builtin import numbers


def found(text: str) -> list[int]:
    return [int(each) for each in re.findall(r"\d+", text)]


def test_residues_divisors_and_tiles_are_those_of_the_text() -> None:
    draw = random.Random(3)
    for _ in range(50):
        made = numbers.last_residue(draw)
        base, power, modulus = found(made.english)
        assert made.answer == base**power % modulus
        assert found(made.chinese) == [base, power, modulus]

        made = numbers.divisors(draw)
        [number] = found(made.english)
        assert made.answer == sum(number % n == 0 for n in range(1, number + 1))

        made = numbers.tiles(draw)
        width, length = found(made.english)
        assert made.answer == width * length // math.gcd(width, length) ** 2


def test_a_sum_in_another_base_is_that_of_the_text() -> None:
    draw = random.Random(4)
    for _ in range(50):
        made = numbers.bases(draw)
        base, first, second = found(made.english)
        assert made.answer == int(str(first), base) + int(str(second), base)
