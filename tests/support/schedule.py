"""Known schedules and accuracies of the paced fake. They are module-level, so another process can unpickle them."""

from __future__ import annotations

import random


def spread_first_token(seed: int) -> float:
    """Return 0.1 to 0.3 s, uniformly distributed and determined by the request's seed."""
    return 0.1 + 0.2 * random.Random(seed).random()


def answer_half_correctly(_question: str) -> float:
    return 0.5


def answer_better_with_suffix(question: str) -> float:
    """Return an accuracy of 0.9 with the policy's suffix, else 0.4."""
    return 0.9 if "twice" in question else 0.4
