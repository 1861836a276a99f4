"""The built-in questions: generated answers are computed in two ways, those written by hand from their working."""

from __future__ import annotations

import json
import random
from fractions import Fraction
from importlib.resources import files
from typing import Any

import pytest

from prompt_policy.bench.dataset.builtin import (
    EASY_FAMILIES,
    QUESTION_FAMILIES,
    load_stories,
    select_builtin_questions,
    select_easy_questions,
)
from prompt_policy.bench.matching.answer_match import parse_fraction
from prompt_policy.conditions.language import detect_language
from prompt_policy.errors import UsageError

WORKING_NAMES: dict[str, Any] = {"F": Fraction, "min": min, "next": next, "range": range, "sum": sum}


def read_story_rows() -> list[dict[str, str]]:
    text = (files("prompt_policy.bench.dataset.builtin") / "stories.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_there_are_enough_families_and_stories() -> None:
    assert len(QUESTION_FAMILIES) >= 12
    assert len(load_stories()) >= 40
    assert {detect_language(story.question) for story in load_stories()} == {"en", "zh"}


@pytest.mark.parametrize("family", [*QUESTION_FAMILIES, *EASY_FAMILIES], ids=lambda family: family.__name__)
def test_both_computations_give_the_same_answer(family: Any) -> None:
    rng = random.Random(1)
    generated = [family(rng) for _ in range(200)]
    assert [question for question in generated if question.answer != question.check_answer] == []
    assert all(parse_fraction(str(question.answer)) == question.answer for question in generated)
    assert all(detect_language(question.chinese) == "zh" for question in generated)
    assert len({question.answer for question in generated}) > 5


@pytest.mark.parametrize("row", read_story_rows(), ids=lambda row: row["id"])
def test_the_working_of_a_story_gives_its_answer(row: dict[str, str]) -> None:
    result = eval(row["work"], {"__builtins__": {}}, dict(WORKING_NAMES))
    assert Fraction(result) == parse_fraction(row["answer"])


def test_the_same_seed_gives_the_same_questions_of_all_families() -> None:
    first = select_builtin_questions(90, 1)
    assert first == select_builtin_questions(90, 1)
    assert first != select_builtin_questions(90, 2)
    assert len({question.id for question in first}) == 90
    assert len({question.family for question in first}) == len(QUESTION_FAMILIES) + 2
    assert select_builtin_questions(30, 1) == first[:30]


def test_easy_questions_are_reproducible_and_in_both_languages() -> None:
    first = select_easy_questions(200, 1)
    assert first == select_easy_questions(200, 1)
    assert first != select_easy_questions(200, 2)
    assert len({question.id for question in first}) == len({question.question for question in first}) == 200
    for count in (2, 8, 30, 200):
        languages = [detect_language(question.question) for question in first[:count]]
        assert languages.count("en") == languages.count("zh") == count / 2


def test_a_count_above_the_maximum_is_rejected() -> None:
    with pytest.raises(UsageError, match="at most 1000 of 1001 built-in questions"):
        select_builtin_questions(1001, 1)
