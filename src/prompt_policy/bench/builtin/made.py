"""A generated question, whose answer was reckoned in two ways."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple


class Made(NamedTuple):
    """A question in both languages, with its answer from two ways that share no step."""

    english: str
    chinese: str
    answer: int | Fraction
    again: int | Fraction


Family = Callable[[random.Random], Made]
