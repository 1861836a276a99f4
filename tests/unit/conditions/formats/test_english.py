"""The phrases in English, each with a sentence that needs it."""

from __future__ import annotations

import re

import pytest

from prompt_policy.conditions.formats import english
from prompt_policy.conditions.formats.dictation import dictates_format


@pytest.mark.parametrize(
    "instruction",
    [
        "Answer with one word.",
        "Respond only with the number.",
        "Reply with yes or no.",
        "Just the number, please.",
        "Return JSON only.",
        "Do not explain.",
        "No explanation.",
        "Summarise it in one sentence.",
        "Output format: a list",
        "Start your reply with OK.",
        "Rate the answer on a scale of 1 to 10.",
    ],
)
@pytest.mark.parametrize("before", ["", "What is 3 + 4? ", "What is 3 + 4?\n", "Please think. Then "])
def test_an_instruction_counts_at_the_start_of_a_clause(instruction: str, before: str) -> None:
    assert dictates_format(before + instruction)


@pytest.mark.parametrize(
    "text",
    [
        "The clerks answer with one word when asked for 3 stamps.",
        "How do I answer with one word?",
        "My friends reply with yes or no to 12 of 20 questions.",
        "Students who explain in one sentence get 3 points.",
        "Robots that output JSON only cost 300 dollars.",
    ],
)
def test_the_same_words_within_a_clause_are_a_story(text: str) -> None:
    assert not dictates_format(text)


@pytest.mark.parametrize("ending", ["Answer:", "\nA:", "answer :", "The answer is", "\n(A) 3 (B) 4\nAnswer:"])
def test_a_harness_prompt_ends_where_the_answer_begins(ending: str) -> None:
    assert dictates_format(f"Question: What is 3 + 4? {ending}")
    assert not dictates_format(f"{ending} 7 is wrong, because of a typing error. What is 3 + 4?")


def test_every_repetition_is_bounded() -> None:
    patterns = (english.build_english_pattern(), english.build_english_delivery_pattern(), english.ENGLISH_PROGRAMS)
    assert not [pattern for pattern in patterns if re.search(r"(?<!\\)[\])][*+]", pattern)]
