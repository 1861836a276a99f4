"""What came of a run, in sentences."""

from __future__ import annotations

import pytest

from prompt_policy.bench.record import BlockEnd
from prompt_policy.bench.summary import summary_of
from prompt_policy.bench.verdict import points, verdict_words
from tests.bench.making import never, one, plan, record

WRONG = "\\boxed{0}"


def said(off: list[bool], on: list[bool], slower: float = 1.0, why: str = "complete") -> str:
    rows = []
    for number, (first, second) in enumerate(zip(off, on, strict=True)):
        rows.append(one("off", f"q{number}", content="\\boxed{42}" if first else WRONG, ended_s=1 + number / 100))
        late = (1 + number / 100) * slower
        rows.append(one("on", f"q{number}", content="\\boxed{42}" if second else WRONG, ended_s=late))
    return verdict_words(summary_of(record(rows, plan(samples=1), len(off), why=why), {}, never))


def test_a_help_is_called_one_with_its_interval() -> None:
    words = said([False] * 15 + [True] * 5, [True] * 20)
    assert words.startswith("on answers more questions right than off: +75.0 points (95% interval +5")
    assert "over 20 questions" in words


def test_a_harm_is_called_one() -> None:
    assert said([True] * 20, [False] * 12 + [True] * 8).startswith("on answers fewer questions right than off: -60.0")


def test_no_difference_is_an_answer_with_what_could_have_been_found() -> None:
    words = said([True, False] * 10, [True, False] * 9 + [False, True])
    assert words.startswith("No difference in accuracy between off and on was shown: +0.0 points")
    assert "points would have been found in 4 of 5 such runs" in words
    assert "No difference in latency was shown: an answer takes 1.00 times as long" in words


def test_a_slower_arm_is_told() -> None:
    assert "An answer takes 1.50 times as long (95% interval 1.50 to 1.50), with 1.00 times the tokens." in said(
        [True, False] * 10, [True, False] * 10, slower=1.5
    )


def test_what_is_missing_or_invalid_comes_first() -> None:
    rows = [one("off"), one("on")]
    made = record(rows, plan(samples=2), why="interrupted")
    made.blocks = [BlockEnd(block=0, arm="off", seconds=1, cpu=0.99, lag_p99_ms=1, lag_max_ms=1)]
    words = verdict_words(summary_of(made, {}, never))
    assert words.startswith("The run is not complete (interrupted; 2 requests are missing). The times are invalid:")


def test_one_arm_has_nothing_to_compare() -> None:
    words = verdict_words(summary_of(record([one("off")], plan(("off",), samples=1)), {}, never))
    assert words == "There is nothing to compare."


@pytest.mark.parametrize(("share", "told"), [(0.051, "+5.1"), (-0.2, "-20.0"), (0.0, "+0.0")])
def test_points(share: float, told: str) -> None:
    assert points(share) == told
