"""Tasks that a policy defines."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from prompt_policy.conditions.tasks.classifier import classify_task
from prompt_policy.conditions.tasks.custom import TaskDefinition, compile_tasks

LEGAL = {"legal": {"any": ["contract", "条款", "C++ law", "terms and conditions"], "matches": [r"§ ?\d+"]}}
SHARPER = {"math": {"any": ["KenKen"], "none": ["football", "-ball"]}}


def classify(tasks: dict[str, dict[str, Any]], text: str) -> str:
    return compile_tasks({name: TaskDefinition.model_validate(definition) for name, definition in tasks.items()})(text)


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
def test_custom_tasks_take_precedence(tasks: dict[str, dict[str, Any]], text: str, task: str) -> None:
    assert classify(tasks, text) == task


def test_without_custom_tasks_the_classifier_is_built_in() -> None:
    assert compile_tasks({}) is classify_task


@pytest.mark.parametrize("length", [10_000, 1_000_000])
def test_the_middle_of_a_long_turn_is_ignored(length: int) -> None:
    assert classify(LEGAL, "a" * length + " contract " + "a" * length) == "other"
    assert classify(LEGAL, "a" * length + " contract") == "legal"


@pytest.mark.parametrize(
    ("definition", "reason"),
    [
        ({}, "must not be empty"),
        ({"any": [""]}, "every turn"),
        ({"matches": ["(a"]}, "unclosed group"),
        ({"words": ["a"]}, "Extra inputs"),
    ],
)
def test_an_invalid_definition_is_rejected_at_load(definition: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        TaskDefinition.model_validate(definition)


@pytest.mark.parametrize("key", ["any", "none"])
def test_too_many_words_are_rejected_at_load(key: str) -> None:
    with pytest.raises(ValidationError, match="the pattern of these words is too large"):
        TaskDefinition.model_validate({key: [f"wörd{number}" for number in range(80_000)]})
