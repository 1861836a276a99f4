"""Counting families: the answers match the numbers in the text."""

from __future__ import annotations

import random
import re
from itertools import pairwise, product

from prompt_policy.bench.dataset.builtin import counting


def test_codes_follow_the_rule_of_the_text() -> None:
    rng = random.Random(3)
    for _ in range(20):
        question = counting.codes(rng)
        length, _zero, digits = (int(number) for number in re.findall(r"\d+", question.english)[:3])
        all_codes = product(range(digits + 1), repeat=length)
        assert question.answer == sum(code[0] != 0 and all(a != b for a, b in pairwise(code)) for code in all_codes)


def test_paths_avoid_the_closed_point() -> None:
    rng = random.Random(3)
    for _ in range(20):
        question = counting.lattice(rng)
        _, _, right, up, x, y = (int(number) for number in re.findall(r"\d+", question.english))

        def count_paths(i: int, j: int, right: int = right, up: int = up, closed: tuple[int, int] = (x, y)) -> int:
            if (i, j) == closed or i > right or j > up:
                return 0
            return 1 if (i, j) == (right, up) else count_paths(i + 1, j) + count_paths(i, j + 1)

        assert question.answer == count_paths(0, 0)
