"""The search for signals."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from prompt_policy.conditions.tasks.classifier import SIGNALS
from prompt_policy.conditions.tasks.signals.signal import (
    Signal,
    build_text_views,
    chinese_phrases,
    latin_phrases,
    notation,
)

EVERYDAY = Path(__file__).parents[2] / "everyday.jsonl"
TEXTS = [json.loads(line)["text"] for line in EVERYDAY.read_text(encoding="utf-8").split("\n") if line]


def test_the_words_view_separates_words_by_spaces() -> None:
    assert build_text_views("用Python写 C++, don't")["words"] == " python c++ don t "


def test_chinese_views_are_empty_without_chinese() -> None:
    views = build_text_views("Explain it")
    assert (views["chinese"], views["words_in_chinese"]) == ("", "")
    views = build_text_views("解释 List")
    assert (views["chinese"], views["words_in_chinese"]) == ("解释 list", " list ")


@pytest.mark.parametrize(
    ("text", "count"),
    [("a loop", 1), ("two loops", 1), ("looping", 0), ("left join, left\njoins", 2), ("join left", 0), ("", 0)],
)
def test_phrases_match_whole_words_and_their_plural(text: str, count: int) -> None:
    assert (
        latin_phrases("joins", "loop; left join", code=1, max_count=3).count(build_text_views(text)["words"]) == count
    )


def test_line_breaks_in_alternatives_are_removed() -> None:
    signal = latin_phrases(
        "colours",
        """dark (?:red|
        green); blue""",
    )
    assert signal.count(" dark green ") == signal.count(" blue ") == 1


def test_chinese_phrases_match_anywhere() -> None:
    assert chinese_phrases("terms", "方程 数列", max_count=5).count("解方程和数列") == 2


def test_a_signal_is_counted_up_to_its_max_count() -> None:
    assert notation("digit", r"\d", max_count=2).count("1 2 3") == 2
    assert notation("digit", r"\d").count("1 2 3") == 1


@pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.name)
def test_both_engines_find_the_same_texts(signal: Signal) -> None:
    pattern = re.compile(signal.pattern, re.ASCII)
    for text in TEXTS:
        view = build_text_views(text)[signal.view]
        if view:
            assert bool(signal.count(view)) is bool(pattern.search(view)), text
