"""Warnings about doubtful results, and their advice."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy.bench.analysis.seeds import describe_seeds
from prompt_policy.bench.analysis.warnings import list_warnings
from prompt_policy.bench.matching.grading import grade_record
from tests.support.records import NO_COMPARISONS, make_plan, make_record, make_request


def warn(plan: dict[str, Any], count: int = 3, **changes: Any) -> str:
    """Return the warnings about a run in which every request has these fields."""
    rows = [
        make_request(arm, f"q{n}", s, **{"content": f"{s} \\boxed{{42}}", **changes})
        for arm in ("off", "on")
        for n in range(count)
        for s in range(2)
    ]
    record = make_record(rows, make_plan(**plan), count)
    arms = grade_record(record, NO_COMPARISONS)
    return " | ".join(list_warnings(record, arms, describe_seeds(record, arms)))


@pytest.mark.parametrize("plan", [{}, {"instruction": "Think step by step."}])
def test_a_box_is_advised_if_none_is_requested(plan: dict[str, Any]) -> None:
    assert "on: 100% of the answers contain no \\boxed{}" in warn(plan, content="42")
    assert "use --instruction to request one in every arm" in warn(plan, content="42")


@pytest.mark.parametrize("option", ["instruction", "system"])
def test_a_box_is_not_advised_if_every_arm_requests_one(option: str) -> None:
    text = warn({option: "Put your final answer within \\boxed{}."}, content="salad")
    assert "use --instruction" not in text
    assert "although every arm requests one" in text


def test_the_advice_on_truncation_depends_on_the_limit() -> None:
    assert "raise --max-tokens above 9" in warn({"parameters": {"max_tokens": 9}}, finish="length")
    assert "set --max-tokens" in warn({}, finish="length")


def test_samples_that_count_once_are_counted() -> None:
    assert "off: all answers to a question are identical for 3 of 3 questions" in warn({}, content="\\boxed{42}")


def test_blocks_smaller_than_the_load_are_warned_about() -> None:
    assert "--load closed:16 is never reached" in warn({"load": "closed:16"})
    assert warn({"load": "closed:3"}) == ""
