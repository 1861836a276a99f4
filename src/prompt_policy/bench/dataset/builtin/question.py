"""A generated question whose answer was computed in two ways."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple


class GeneratedQuestion(NamedTuple):
    """A question in both languages. ``answer`` and ``check_answer`` are computed in two ways that share no step."""

    english: str
    chinese: str
    answer: int | Fraction
    check_answer: int | Fraction


QuestionFamily = Callable[[random.Random], GeneratedQuestion]
