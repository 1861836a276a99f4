"""Known schedules and odds of the paced fake; functions of a module, so that its process can have them."""

from __future__ import annotations

import random


def spread_first(seed: int) -> float:
    """The first token after 100 to 300 ms, evenly spread, as the request's seed decides."""
    return 0.1 + 0.2 * random.Random(seed).random()


def half(_question: str) -> float:
    return 0.5


def helped(question: str) -> float:
    """Four of ten without the policy's suffix, nine of ten with it."""
    return 0.9 if "twice" in question else 0.4
