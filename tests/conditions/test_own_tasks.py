"""Tasks that a policy brings along."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from prompt_policy.conditions.own_tasks import TaskSigns, compile_tasks
from prompt_policy.conditions.tasks import task_of

LEGAL = {"legal": {"any": ["contract", "条款", "C++ law", "terms and conditions"], "matches": [r"§ ?\d+"]}}
SHARPER = {"math": {"any": ["KenKen"], "none": ["football", "-ball"]}}


def judged(tasks: dict[str, dict[str, Any]], text: str) -> str:
    return compile_tasks({name: TaskSigns.model_validate(signs) for name, signs in tasks.items()})(text)


@pytest.mark.parametrize(
    ("tasks", "text", "task"),
    [
        (LEGAL, "Is this Contract valid?", "legal"),
        (LEGAL, "The contractor is late.", "other"),
        (LEGAL, "请看合同条款", "legal"),
        (LEGAL, "What is C++ law?", "legal"),
        (LEGAL, "What does § 433 say?", "legal"),
        (LEGAL, "Read the terms and conditions.", "legal"),
        (LEGAL, "Solve the equation 2x + 5 = 17 for x.", "math"),
        (LEGAL, "Solve the equation in this contract: 2x + 5 = 17", "legal"),
        (SHARPER, "How does KenKen work?", "math"),
        (SHARPER, "Solve the equation 2x + 5 = 17 for x.", "math"),
        (SHARPER, "Solve the football equation 2x + 5 = 17 for x.", "other"),
        ({**SHARPER, **LEGAL}, "The football contract: solve 2x + 5 = 17", "legal"),
    ],
)
def test_own_tasks_come_first(tasks: dict[str, dict[str, Any]], text: str, task: str) -> None:
    assert judged(tasks, text) == task


def test_without_tasks_the_built_in_rules_judge() -> None:
    assert compile_tasks({}) is task_of


@pytest.mark.parametrize("length", [10_000, 1_000_000])
def test_the_middle_of_a_long_turn_is_not_looked_at(length: int) -> None:
    assert judged(LEGAL, "a" * length + " contract " + "a" * length) == "other"
    assert judged(LEGAL, "a" * length + " contract") == "legal"


@pytest.mark.parametrize(
    ("signs", "reason"),
    [
        ({}, "never told"),
        ({"any": [""]}, "every turn"),
        ({"matches": ["(a"]}, "unclosed group"),
        ({"words": ["a"]}, "Extra inputs"),
    ],
)
def test_signs_that_say_nothing_are_mistakes(signs: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        TaskSigns.model_validate(signs)


@pytest.mark.parametrize("key", ["any", "none"])
def test_too_many_words_are_told_when_they_are_loaded(key: str) -> None:
    with pytest.raises(ValidationError, match="too many words"):
        TaskSigns.model_validate({key: [f"wörd{number}" for number in range(80_000)]})
