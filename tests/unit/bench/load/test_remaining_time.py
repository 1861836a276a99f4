"""The remaining time of a run."""

from __future__ import annotations

import pytest

from prompt_policy.bench.load.remaining_time import RemainingTime


def test_nothing_is_estimated_before_the_first_request() -> None:
    assert RemainingTime({"off": 4}, 100.0).estimate(105.0) is None


def test_answers_in_bursts_do_not_shorten_the_estimate() -> None:
    remaining = RemainingTime({"off": 80}, 0.0)
    for burst in (16.0, 32.0):
        for number in range(16):
            remaining.count("off", burst + number / 100)
    assert remaining.estimate(32.0) == pytest.approx(48, rel=0.02)
    assert remaining.estimate(40.0) == pytest.approx(40, rel=0.02)
    assert remaining.estimate(500.0) == 0


def test_each_arm_has_its_own_pace() -> None:
    remaining = RemainingTime({"off": 10, "on": 10}, 0.0)
    now = 0.0
    for _ in range(5):
        now += 1
        remaining.count("off", now)
    assert remaining.estimate(now) == pytest.approx(15)  # the other arm is assumed to be as fast
    for _ in range(5):
        now += 3
        remaining.count("on", now)
    assert remaining.estimate(now) == pytest.approx(5 + 15)
