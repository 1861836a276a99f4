"""A generated question."""

from __future__ import annotations

import random

import pytest

from prompt_policy.bench.dataset import builtin
from prompt_policy.bench.dataset.builtin.question import GeneratedQuestion


def test_computations_that_disagree_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(rng: random.Random) -> GeneratedQuestion:
        return GeneratedQuestion(f"{rng.random()}", "?", 1, 2)

    monkeypatch.setattr(builtin, "QUESTION_FAMILIES", (broken,))
    with pytest.raises(ArithmeticError, match="broken"):
        builtin.select_builtin_questions(3, 1)
