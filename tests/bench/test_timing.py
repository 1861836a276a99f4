"""The times of one answer."""

from __future__ import annotations

import pytest

from prompt_policy.bench.timing import timing_of
from tests.bench.making import one


def test_times_follow_their_definitions() -> None:
    made = timing_of(one())
    assert made is not None
    assert (made.e2e, made.delay, made.ttft, made.visible, made.tokens) == (1.0, 0.0, 0.1, 0.3, 4.0)
    assert made.tpot == pytest.approx((1.0 - 0.1) / 3)
    assert made.longest == pytest.approx(0.1)
    assert [weight for _gap, weight in made.gaps] == [1, 1, 1]


def test_in_an_open_load_times_count_from_when_it_was_due() -> None:
    made = timing_of(one(due_s=1.0, sent_s=1.5, ended_s=2.5))
    assert made is not None
    assert (made.e2e, made.delay) == (1.5, 0.5)
    assert [made.ttft, made.visible] == pytest.approx([0.6, 0.8])
    early = timing_of(one(due_s=1.0, sent_s=0.9, ended_s=1.9))
    assert early is not None
    assert [early.e2e, early.delay] == pytest.approx([1.0, 0.0])


def test_a_gap_is_shared_by_the_tokens_that_it_brought() -> None:
    made = timing_of(one(arrivals=[(100.0, 1), (200.0, 4), (250.0, 0)], completion_tokens=5))
    assert made is not None
    assert [each for gap in made.gaps for each in gap] == pytest.approx([0.025, 4, 0.05, 1])


def test_stalls_are_long_against_the_answers_own_gaps() -> None:
    steady = [(100.0 + 20 * n, 1) for n in range(20)]
    made = timing_of(one(arrivals=[*steady, (1000.0, 1)]))
    assert made is not None
    assert made.stalls == 1
    assert made.longest == pytest.approx(0.52)


def test_failures_have_no_times_and_empty_answers_no_first_token() -> None:
    assert timing_of(one(trouble="timeout")) is None
    made = timing_of(one(arrivals=(), visible_ms=None, completion_tokens=0))
    assert made is not None
    assert (made.ttft, made.visible, made.tpot) == (None, None, None)
