"""How evidence is looked for."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from prompt_policy.conditions.task_signals.signal import Signal, characters, phrases, shapes, views_of
from prompt_policy.conditions.tasks import SIGNALS

EVERYDAY = Path(__file__).parents[1] / "everyday.jsonl"
TEXTS = [json.loads(line)["text"] for line in EVERYDAY.read_text(encoding="utf-8").split("\n") if line]


def test_words_stand_alone_in_the_worded_view() -> None:
    assert views_of("用Python写 C++, don't")["worded"] == " python c++ don t "


def test_views_of_chinese_are_empty_without_chinese() -> None:
    views = views_of("Explain it")
    assert (views["chinese"], views["latin"]) == ("", "")
    views = views_of("解释 List")
    assert (views["chinese"], views["latin"]) == ("解释 list", " list ")


@pytest.mark.parametrize(
    ("text", "count"),
    [("a loop", 1), ("two loops", 1), ("looping", 0), ("left join, left\njoins", 2), ("join left", 0), ("", 0)],
)
def test_phrases_are_whole_words_with_their_plural(text: str, count: int) -> None:
    assert phrases("joins", "loop; left join", code=1, most=3).count(views_of(text)["worded"]) == count


def test_alternatives_over_several_lines_hold_no_line_breaks() -> None:
    signal = phrases(
        "colours",
        """dark (?:red|
        green); blue""",
    )
    assert signal.count(" dark green ") == signal.count(" blue ") == 1


def test_characters_stand_anywhere() -> None:
    assert characters("terms", "方程 数列", most=5).count("解方程和数列") == 2


def test_a_signal_is_counted_up_to_its_most() -> None:
    assert shapes("digit", r"\d", most=2).count("1 2 3") == 2
    assert shapes("digit", r"\d").count("1 2 3") == 1


@pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.name)
def test_both_engines_find_the_same(signal: Signal) -> None:
    pattern = re.compile(signal.pattern, re.ASCII)
    for text in TEXTS:
        seen = views_of(text)[signal.view]
        if seen:
            assert bool(signal.count(seen)) is bool(pattern.search(seen)), text
