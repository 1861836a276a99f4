"""The metrics of one arm."""

from __future__ import annotations

import math

import pytest

from prompt_policy.bench.analysis.arm_metrics import compute_arm_metrics, count_by_question, estimate_accuracy
from prompt_policy.bench.analysis.slo import parse_slo
from prompt_policy.bench.matching.grading import grade_record
from tests.support.records import NO_COMPARISONS, make_plan, make_record, make_request


def test_metrics_follow_their_definitions() -> None:
    requests = [
        make_request(),
        make_request(sample=1, ended_s=3.0),
        make_request(question="q1", content="\\boxed{1}"),
        make_request(question="q1", sample=1, failure="timeout", ended_s=9.0),
    ]
    rows = grade_record(make_record(requests, count=2), NO_COMPARISONS)["off"]
    metrics = compute_arm_metrics(rows, 4.0, parse_slo("e2e=2s"))
    assert metrics.counts == {"requests": 4, "errors": 1, "timeouts": 1, "correct": 2, "wrong": 1, "no_answer": 1,
                           "truncated": 0, "unverifiable": 0, "not_judged": 0, "stalls": 0}  # fmt: skip
    scalars = metrics.scalars
    assert scalars["tokens"] == 4
    assert scalars["tokens_per_second"] == 3
    assert scalars["tokens_per_second_request"] == pytest.approx((4 + 4 / 3 + 4) / 3)
    assert scalars["requests_per_second"] == 0.75
    assert scalars["in_flight"] == 1.25
    assert scalars["goodput"] == 0.5
    assert scalars["correct_goodput"] == 0.25
    assert scalars["tokens_per_correct"] == 6
    assert scalars["seconds_per_correct"] == 2.5
    mean = metrics.distributions["e2e"].mean
    assert mean is not None
    assert mean.value == pytest.approx(5 / 3)
    assert metrics.distributions["e2e"].p99 is None
    assert metrics.accuracy is not None
    assert metrics.accuracy.value == 0.5


def test_inter_token_latency_is_weighted_by_tokens() -> None:
    rows = grade_record(
        make_record([make_request(arrivals=[(0.0, 1), (90.0, 9), (190.0, 1)], completion_tokens=11)]), NO_COMPARISONS
    )["off"]
    mean, p50, p95, p99 = compute_arm_metrics(rows, 1.0, {}).distributions["itl"]
    assert mean is not None
    assert p50 is not None
    assert p95 is not None
    assert p99 is not None
    assert mean.value == pytest.approx(0.019)
    assert [p50.value, p95.value, p99.value] == pytest.approx([0.01, 0.1, 0.1])
    assert math.isnan(mean.low)


def test_an_arm_without_answers_has_no_latencies() -> None:
    rows = grade_record(make_record([make_request(failure="connection")]), NO_COMPARISONS)["off"]
    metrics = compute_arm_metrics(rows, 0.0, {})
    scalars, distributions = metrics.scalars, metrics.distributions
    assert metrics.accuracy is None
    assert {scalars["tokens"], scalars["requests_per_second"], scalars["goodput"]} == {None}
    assert distributions["itl"].mean is distributions["e2e"].mean is None


def test_server_failures_are_excluded_from_accuracy() -> None:
    rows = grade_record(
        make_record([make_request(), make_request(sample=1, failure="connection")], make_plan()), NO_COMPARISONS
    )["off"]
    assert count_by_question(rows) == {"q0": (1, 1)}
    assert estimate_accuracy({}) is None


def test_lenient_accuracy_counts_right_answers_without_the_form() -> None:
    answers = ["\\boxed{42}", "It is 42.", "It is 41.", "\\boxed{41}, or 42"]
    requests = [make_request(question=f"q{n}", content=text) for n, text in enumerate(answers)]
    metrics = compute_arm_metrics(grade_record(make_record(requests, count=4), NO_COMPARISONS)["off"], 1.0, {})
    assert metrics.accuracy is not None
    assert metrics.lenient_accuracy is not None
    assert (metrics.accuracy.value, metrics.lenient_accuracy.value) == (0.25, 0.75)
