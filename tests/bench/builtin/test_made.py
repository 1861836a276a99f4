"""A generated question."""

from __future__ import annotations

import random

import pytest

from prompt_policy.bench import builtin
from prompt_policy.bench.builtin.made import Made


def test_two_ways_that_disagree_stop_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(draw: random.Random) -> Made:
        return Made(f"{draw.random()}", "?", 1, 2)

    monkeypatch.setattr(builtin, "FAMILIES", (broken,))
    with pytest.raises(ArithmeticError, match="broken"):
        builtin.builtin_questions(3, 1)
