"""The shipped questions: their answers were reckoned in two ways, and those written by hand by their working."""

from __future__ import annotations

import json
import random
from fractions import Fraction
from importlib.resources import files
from typing import Any

import pytest

from prompt_policy.bench.answers import number_of
from prompt_policy.bench.builtin import FAMILIES, builtin_questions, stories
from prompt_policy.conditions.language import language_of
from prompt_policy.errors import UsageError

WORKING: dict[str, Any] = {"F": Fraction, "min": min, "next": next, "range": range, "sum": sum}


def rows() -> list[dict[str, str]]:
    text = (files("prompt_policy.bench.builtin") / "stories.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_there_are_enough_families_and_stories() -> None:
    assert len(FAMILIES) >= 12
    assert len(stories()) >= 40
    assert {language_of(story.question) for story in stories()} == {"en", "zh"}


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_both_ways_lead_to_one_answer(family: Any) -> None:
    draw = random.Random(1)
    made = [family(draw) for _ in range(200)]
    assert [one for one in made if one.answer != one.again] == []
    assert all(number_of(str(one.answer)) == one.answer for one in made)
    assert all(language_of(one.chinese) == "zh" for one in made)
    assert len({one.answer for one in made}) > 5


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["id"])
def test_a_storys_working_leads_to_its_answer(row: dict[str, str]) -> None:
    worked = eval(row["work"], {"__builtins__": {}}, dict(WORKING))
    assert Fraction(worked) == number_of(row["answer"])


def test_the_same_seed_gives_the_same_questions_dealt_evenly() -> None:
    first = builtin_questions(90, 1)
    assert first == builtin_questions(90, 1)
    assert first != builtin_questions(90, 2)
    assert len({question.id for question in first}) == 90
    assert len({question.family for question in first}) == len(FAMILIES) + 2
    assert builtin_questions(30, 1) == first[:30]


def test_there_are_so_many_at_most() -> None:
    with pytest.raises(UsageError, match="1000 at most"):
        builtin_questions(1001, 1)
