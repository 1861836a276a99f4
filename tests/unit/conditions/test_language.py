"""The language of a turn, by its script."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from prompt_policy.conditions.excerpt import HEAD_CHARS
from prompt_policy.conditions.language import detect_language

EVERYDAY = Path(__file__).with_name("everyday.jsonl")
INSTRUCTIONS = Path(__file__).with_name("instruction_languages.jsonl")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("", "en"),
        ("12345", "en"),
        ("Explain quicksort", "en"),
        ("¿Qué es la recursión?", "en"),
        ("用Python写一个快速排序", "zh"),
        ("docker compose up 报错", "zh"),
        ("解释 React Hooks 的 useEffect", "zh"),
        ("東京の人口は？", "ja"),
        ("Pythonでリストを逆順にする方法", "ja"),
        ("파이썬으로 퀵정렬을 구현해줘", "ko"),
        ("Как использовать useEffect в React?", "ru"),
        ("ما هي عاصمة فرنسا؟", "ar"),
        ("מה שלומך", "he"),
        ("भारत की राजधानी क्या है", "hi"),
        ("เมืองหลวงของไทย", "th"),
        ("Ποια είναι η πρωτεύουσα της Ελλάδας;", "el"),
    ],
)
def test_the_script_determines_the_language(text: str, language: str) -> None:
    assert detect_language(text) == language


@pytest.mark.parametrize(
    "text",
    [
        "What does 你好 mean in English?",
        "How do I say 我想预订一个房间 in Chinese",
        "Explain the word 谢谢",
        "Translate 你好",
        "what's the difference between に and で in Japanese",
        "if α + β = π, find α",
    ],
)
def test_an_english_question_about_foreign_words_stays_english(text: str) -> None:
    assert detect_language(text) == "en"


@pytest.mark.parametrize(
    "text",
    [
        r"求 $\frac{\sin x}{x}$ 的极限",
        r"已知 \overrightarrow{AB}=(2,3), \overrightarrow{AC}=(3,t), 求 t",
        "1. (5 分) 若 tan alpha=1+sin beta/cos beta, 则 ()",
        "解释\n```python\n# what does the function do to the words that you give it\nreturn words\n```",
        "`what you show me` 是什么意思",
        "把 'What is your name' 翻译成中文",
        "“ありがとう”是什么意思？",
        "看看 https://example.com/how-to-write-the-thing-that-you-want-to-show",
    ],
)
def test_formulas_code_and_quotations_do_not_count(text: str) -> None:
    assert detect_language(text) == "zh"


@pytest.mark.parametrize(("text", "language"), [("“你好”", "zh"), ("`你好`", "zh"), ("```\n```", "en")])
def test_a_quotation_counts_if_there_is_nothing_else(text: str, language: str) -> None:
    assert detect_language(text) == language


def test_only_the_head_and_tail_of_a_long_turn_count() -> None:
    assert detect_language("好" * HEAD_CHARS + " the word that you say" * 100_000) == "zh"


def test_the_language_of_every_everyday_question_is_detected() -> None:
    rows = [json.loads(line) for line in EVERYDAY.read_text(encoding="utf-8").split("\n") if line]
    assert [row["id"] for row in rows if detect_language(row["text"]) != row["lang"]] == []


def test_the_instruction_and_not_the_text_below_it_determines_the_language() -> None:
    rows = [json.loads(line) for line in INSTRUCTIONS.read_text(encoding="utf-8").split("\n") if line]
    assert [row["text"] for row in rows if detect_language(row["text"]) != row["lang"]] == []


@pytest.mark.parametrize(("text", "language"), [("1+1=？", "zh"), ("3×4＝", "zh"), ("1+1=?", "en"), ("3 × 4", "en")])
def test_full_width_punctuation_is_chinese_where_there_are_no_letters(text: str, language: str) -> None:
    assert detect_language(text) == language


def test_characters_without_kana_count_as_chinese() -> None:
    assert detect_language("計算問題 3+4") == "zh"
    assert detect_language("次の計算問題 3+4") == "ja"
