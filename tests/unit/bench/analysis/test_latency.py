"""The latencies of one request."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy.bench.analysis.latency import RequestTiming, compute_timing
from tests.support.records import make_request


def time_request(**changes: Any) -> RequestTiming:
    timing = compute_timing(make_request(**changes))
    assert timing is not None
    return timing


def test_latencies_follow_their_definitions() -> None:
    timing = time_request()
    assert (timing.e2e, timing.dispatch_delay, timing.ttft, timing.visible, timing.tokens) == (1.0, 0.0, 0.1, 0.3, 4.0)
    assert timing.tpot == pytest.approx((1.0 - 0.1) / 3)
    assert timing.longest_gap == pytest.approx(0.1)
    assert [weight for _gap, weight in timing.gaps] == [1, 1, 1]


def test_in_an_open_loop_latencies_start_at_the_scheduled_time() -> None:
    late = time_request(due_s=1.0, sent_s=1.5, ended_s=2.5)
    assert (late.e2e, late.dispatch_delay) == (1.5, 0.5)
    assert [late.ttft, late.visible] == pytest.approx([0.6, 0.8])
    early = time_request(due_s=1.0, sent_s=0.9, ended_s=1.9)
    assert [early.e2e, early.dispatch_delay] == pytest.approx([1.0, 0.0])


def test_a_gap_is_divided_by_the_tokens_that_arrive_after_it() -> None:
    timing = time_request(arrivals=[(100.0, 1), (200.0, 4), (250.0, 0)], completion_tokens=5)
    assert [value for gap in timing.gaps for value in gap] == pytest.approx([0.025, 4, 0.05, 1])


def test_stalls_are_long_relative_to_the_answers_own_gaps() -> None:
    steady = [(100.0 + 20 * n, 1) for n in range(20)]
    timing = time_request(arrivals=[*steady, (1000.0, 1)])
    assert timing.stalls == 1
    assert timing.longest_gap == pytest.approx(0.52)


def test_a_failed_request_has_no_latencies() -> None:
    assert compute_timing(make_request(failure="timeout")) is None


def test_an_empty_answer_has_no_first_token() -> None:
    timing = time_request(arrivals=(), visible_ms=None, completion_tokens=0)
    assert (timing.ttft, timing.visible, timing.tpot) == (None, None, None)
