"""The first and last sentence of a turn, and how clearly each is an instruction."""

from __future__ import annotations

import pytest

from prompt_policy.conditions.instruction import Writing, rank_instruction, split_edges


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("One. Two. Three.", "One.", " Three."),
        ("一。二！三", "一。", "三"),
        ("翻译：Hello there", "翻译：", "Hello there"),
        ("Translate: 你好", "Translate:", " 你好"),
        ("Pi is 3.14 today", "Pi is 3.14 today", "Pi is 3.14 today"),
        ("一\n二\n", "一\n", "二"),
        ("", "", ""),
    ],
)
def test_sentences_end_at_marks_colons_and_line_ends(text: str, first: str, last: str) -> None:
    assert split_edges(text) == (first, last)


def test_both_sentences_are_bounded() -> None:
    assert [len(edge) for edge in split_edges("a" * 100_000)] == [300, 300]


@pytest.mark.parametrize(
    ("sentence", "writing", "rank"),
    [
        ("Please answer in English.", "latin", 3),
        ("Translate this.", "latin", 2),
        ("What is it?", "latin", 1),
        ("A train leaves at 3 pm.", "latin", 0),
        ("请用中文回答", "han", 3),
        ("求最小值", "han", 2),
        ("是什么", "han", 1),
        ("今天天气很好", "han", 0),
        ("訳してください", "other", 2),
        ("何時ですか", "other", 1),
    ],
)
def test_a_command_ranks_above_a_question(sentence: str, writing: Writing, rank: int) -> None:
    assert rank_instruction(sentence, writing, is_head=False) == rank


def test_a_first_part_before_a_colon_is_a_command_unless_it_is_an_english_label() -> None:
    assert rank_instruction("数学作业：", "han", is_head=True) == 2
    assert rank_instruction("数学作业：", "han", is_head=False) == 0
    assert rank_instruction("Question:", "latin", is_head=True) == 0
