"""One arm against another."""

from __future__ import annotations

import pytest

from prompt_policy.bench.compare import compared
from prompt_policy.bench.grading import graded
from tests.bench.making import never, one, record

WRONG = "\\boxed{0}"


def test_differences_are_paired_by_question() -> None:
    rows = []
    for number in range(10):
        name = f"q{number}"
        rows += [one("off", name, content=WRONG if number % 2 else "\\boxed{42}", ended_s=1 + number)]
        rows += [one("on", name, ended_s=2 * (1 + number), completion_tokens=8)]
    rows.append(one("off", "q10"))  # has no partner
    made_record = record(rows, count=11, blocks={"off": 10.0, "on": 40.0})
    made = compared("off", "on", graded(made_record, never), made_record.blocks)
    assert made.questions == 10
    assert made.accuracy is not None
    assert made.accuracy.value == 0.5
    assert made.is_different
    assert made.ratios["e2e"] is not None
    assert made.ratios["e2e"].value == pytest.approx(2)
    assert made.ratios["tokens"] is not None
    assert made.ratios["tokens"].value == pytest.approx(2)
    assert made.ratios["throughput"] is not None
    assert made.ratios["throughput"].value == pytest.approx(80 / 44 / 4)


def test_without_common_questions_there_is_nothing_to_compare() -> None:
    made_record = record([one("off")])
    made = compared("off", "on", graded(made_record, never), made_record.blocks)
    assert (made.questions, made.accuracy, made.detectable, made.is_different) == (0, None, None, False)
    assert made.ratios["e2e"] is None


def test_no_spread_means_that_nothing_is_known_of_what_could_be_detected() -> None:
    rows = [one(arm, f"q{number}") for arm in ("off", "on") for number in range(10)]
    made_record = record(rows, count=10)
    made = compared("off", "on", graded(made_record, never), made_record.blocks)
    assert made.detectable is None
    assert not made.is_different
