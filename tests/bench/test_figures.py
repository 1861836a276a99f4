"""The figures of one arm."""

from __future__ import annotations

import math

import pytest

from prompt_policy.bench.figures import accuracy_of, arm_figures, by_question
from prompt_policy.bench.grading import graded
from prompt_policy.bench.slo import parse_slo
from tests.bench.making import never, one, plan, record


def test_figures_follow_their_definitions() -> None:
    rows = graded(
        record([one(), one(sample=1, ended_s=3.0), one(question="q1", content="\\boxed{1}"),
                one(question="q1", sample=1, trouble="timeout", ended_s=9.0)], count=2),
        never,
    )["off"]  # fmt: skip
    made = arm_figures(rows, 4.0, parse_slo("e2e=2s"))
    assert made.counts == {"requests": 4, "errors": 1, "timeouts": 1, "correct": 2, "wrong": 1, "no_answer": 1,
                           "truncated": 0, "unverifiable": 0, "stalls": 0}  # fmt: skip
    plain = made.plain
    assert plain["tokens"] == 4
    assert plain["tokens_per_second"] == 3
    assert plain["tokens_per_second_request"] == pytest.approx((4 + 4 / 3 + 4) / 3)
    assert plain["requests_per_second"] == 0.75
    assert plain["in_flight"] == 1.25
    assert plain["goodput"] == 0.5
    assert plain["correct_goodput"] == 0.25
    assert plain["tokens_per_correct"] == 6
    assert plain["seconds_per_correct"] == 2.5
    mean = made.spreads["e2e"].mean
    assert mean is not None
    assert mean.value == pytest.approx(5 / 3)
    assert made.spreads["e2e"].p99 is None
    assert made.accuracy is not None
    assert made.accuracy.value == 0.5


def test_inter_token_latency_is_one_over_tokens_not_pieces() -> None:
    rows = graded(record([one(arrivals=[(0.0, 1), (90.0, 9), (190.0, 1)], completion_tokens=11)]), never)["off"]
    mean, p50, p95, p99 = arm_figures(rows, 1.0, {}).spreads["itl"]
    assert mean is not None
    assert p50 is not None
    assert p95 is not None
    assert p99 is not None
    assert mean.value == pytest.approx(0.019)
    assert [p50.value, p95.value, p99.value] == pytest.approx([0.01, 0.1, 0.1])
    assert math.isnan(mean.low)


def test_an_arm_without_answers_has_no_figures_of_time() -> None:
    rows = graded(record([one(trouble="connection")]), never)["off"]
    made = arm_figures(rows, 0.0, {})
    assert made.accuracy is None
    assert {made.plain["tokens"], made.plain["requests_per_second"], made.plain["goodput"]} == {None}
    assert made.spreads["itl"].mean is made.spreads["e2e"].mean is None


def test_failures_of_the_server_are_left_out_of_accuracy() -> None:
    rows = graded(record([one(), one(sample=1, trouble="connection")], plan()), never)["off"]
    assert by_question(rows) == {"q0": (1, 1)}
    assert accuracy_of([]) is None
