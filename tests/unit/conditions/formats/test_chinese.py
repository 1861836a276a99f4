"""The phrases in Chinese, each with a sentence that needs it."""

from __future__ import annotations

import re

import pytest

from prompt_policy.conditions.formats import chinese
from prompt_policy.conditions.formats.dictation import dictates_format


@pytest.mark.parametrize(
    "instruction",
    [
        "只回答数字",
        "请输出JSON",
        "不要解释",
        "用一个词回答",
        "用一句话概括",
        "回答是或否",
        "输出格式：列表",
        "答案：",
        "取一个标题",
        "直接给出答案",
    ],
)
def test_an_instruction_counts_after_a_question(instruction: str) -> None:
    assert dictates_format(f"3加4等于几？{instruction}")
    assert dictates_format(f"3加4等于几？\n{instruction}")


@pytest.mark.parametrize("question", ["怎样", "如何", "为什么", "為什麼", "怎麼"])
def test_a_question_about_an_instruction_dictates_nothing(question: str) -> None:
    assert not dictates_format(f"{question}让模型用一个词回答")


@pytest.mark.parametrize(
    "text",
    [
        "他只回答了三道题",
        "小明只答对8题",
        "直接测量长度",
        "写出解题过程",
        "不要忘记单位",
        "答案是多少？",
        "用3个数字组成两位数",
    ],
)
def test_the_same_characters_in_an_exercise_dictate_nothing(text: str) -> None:
    assert not dictates_format(text)


def test_every_repetition_is_bounded() -> None:
    patterns = (chinese.build_chinese_pattern(), chinese.build_chinese_delivery_pattern(), chinese.CHINESE_QUESTIONS)
    assert not [pattern for pattern in patterns if re.search(r"(?<!\\)[\])][*+]", pattern)]
