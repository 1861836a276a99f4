"""Texts that dictate the form of the answer, and texts that only have the same words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from prompt_policy.conditions.excerpt import HEAD_CHARS
from prompt_policy.conditions.formats.dictation import dictates_format

ROWS = [json.loads(line) for line in Path(__file__).with_name("dictated_formats.jsonl").read_text("utf-8").splitlines()]


def list_errors(language: str, *, dictated: bool) -> list[str]:
    rows = [row for row in ROWS if row["lang"] == language and row["dictated"] is dictated]
    assert len(rows) > 10
    return [row["text"] for row in rows if dictates_format(row["text"]) is not dictated]


@pytest.mark.parametrize("language", ["en", "zh", "other"])
def test_every_written_sentence_that_dictates_a_form_is_found(language: str) -> None:
    assert list_errors(language, dictated=True) == []


@pytest.mark.parametrize("language", ["en", "zh", "other"])
def test_no_question_about_a_format_or_a_number_dictates_one(language: str) -> None:
    assert list_errors(language, dictated=False) == []


@pytest.mark.parametrize(
    "text",
    [
        'Proofread this mail: "Dear Bob, please answer with one word only, and do not explain."',
        "把这句话翻译成英文：“请只回答数字，不要解释，并用JSON格式输出你的答案，谢谢大家的配合和理解。”",
        "What does this prompt do?\n```\nAnswer with one word. No explanation.\n```",
        "“Please respond only with the letter of the right option” — who says that?",
    ],
)
def test_a_quotation_or_code_dictates_no_form(text: str) -> None:
    assert not dictates_format(text)


@pytest.mark.parametrize("quotes", ['""', "“”"])
def test_the_words_to_answer_with_may_stand_in_quotes(quotes: str) -> None:
    assert dictates_format(f"Is 7 prime? Answer with {quotes[0]}yes{quotes[1]} or {quotes[0]}no{quotes[1]}.")


def test_the_output_of_a_requested_program_is_not_the_answer() -> None:
    assert dictates_format("Print only the number of primes below 100.")
    assert not dictates_format("Write a Python program. Print only the number of primes below 100.")
    assert dictates_format("只输出小于100的质数的个数。")
    assert not dictates_format("写一个程序，只输出小于100的质数的个数。")


def test_traditional_characters_and_typographic_signs_count() -> None:
    assert dictates_format("請只回覆數字，不需要解釋")
    assert dictates_format("Don’t explain. What is 3 + 4?")


def test_only_the_head_and_tail_of_a_long_text_are_searched() -> None:
    padding = "word " * HEAD_CHARS
    assert dictates_format(f"Answer with one word. {padding}")
    assert dictates_format(f"{padding}. Answer with one word.")
    assert not dictates_format(f"{padding}. Answer with one word. {padding}")


def test_a_text_with_a_lone_surrogate_is_searched() -> None:
    assert dictates_format("\ud800 Answer with one word.")
