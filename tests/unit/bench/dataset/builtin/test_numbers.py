"""Integer families: the answers match the numbers in the text."""

from __future__ import annotations

import math
import random
import re

from prompt_policy.bench.dataset.builtin import numbers


def find_numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", text)]


def test_residues_match_the_text() -> None:
    rng = random.Random(3)
    for _ in range(50):
        question = numbers.last_residue(rng)
        base, power, modulus = find_numbers(question.english)
        assert question.answer == base**power % modulus
        assert find_numbers(question.chinese) == [base, power, modulus]


def test_divisors_match_the_text() -> None:
    rng = random.Random(3)
    for _ in range(50):
        question = numbers.divisors(rng)
        [number] = find_numbers(question.english)
        assert question.answer == sum(number % n == 0 for n in range(1, number + 1))


def test_tiles_match_the_text() -> None:
    rng = random.Random(3)
    for _ in range(50):
        question = numbers.tiles(rng)
        width, length = find_numbers(question.english)
        assert question.answer == width * length // math.gcd(width, length) ** 2


def test_sums_in_another_base_match_the_text() -> None:
    rng = random.Random(4)
    for _ in range(50):
        question = numbers.bases(rng)
        base, first, second = find_numbers(question.english)
        assert question.answer == int(str(first), base) + int(str(second), base)
