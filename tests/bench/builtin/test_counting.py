"""Families that count: the text says what is counted."""

from __future__ import annotations

import random
import re
from itertools import pairwise, product

from prompt_policy.bench.builtin import counting


def test_codes_are_those_of_the_text() -> None:
    draw = random.Random(3)
    for _ in range(20):
        made = counting.codes(draw)
        length, _zero, digits = (int(each) for each in re.findall(r"\d+", made.english)[:3])
        every = product(range(digits + 1), repeat=length)
        assert made.answer == sum(code[0] != 0 and all(a != b for a, b in pairwise(code)) for code in every)


def test_paths_avoid_the_closed_point() -> None:
    draw = random.Random(3)
    for _ in range(20):
        made = counting.lattice(draw)
        _, _, right, up, x, y = (int(each) for each in re.findall(r"\d+", made.english))

        def paths(i: int, j: int, right: int = right, up: int = up, closed: tuple[int, int] = (x, y)) -> int:
            if (i, j) == closed or i > right or j > up:
                return 0
            return 1 if (i, j) == (right, up) else paths(i + 1, j) + paths(i, j + 1)

        assert made.answer == paths(0, 0)
