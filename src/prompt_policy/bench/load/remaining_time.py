"""Estimate the remaining time of a run from all its requests so far."""

from __future__ import annotations

from collections.abc import Mapping


class RemainingTime:
    """Estimates the remaining time by the mean time between the completed requests of each arm.

    The mean is over the whole run, because answers are completed in bursts. It is computed for each arm, because the
    arms take turns and one may be much slower. An arm that has no completed request is assumed to take as long as the
    others.

    Arguments:
        totals: the number of requests of each arm.
        started: the time at which the first request is sent, in seconds.
    """

    def __init__(self, totals: Mapping[str, int], started: float) -> None:
        self._totals = totals
        self._busy_s = dict.fromkeys(totals, 0.0)
        self._done = dict.fromkeys(totals, 0)
        self._last = started

    def count(self, arm: str, now: float) -> None:
        """Count a completed request."""
        self._busy_s[arm] += now - self._last
        self._done[arm] += 1
        self._last = now

    def estimate(self, now: float) -> float | None:
        """Return the remaining seconds; None before the first request is completed."""
        done = sum(self._done.values())
        if not done:
            return None
        mean_s = sum(self._busy_s.values()) / done
        left_s = 0.0
        for arm, total in self._totals.items():
            arm_mean_s = self._busy_s[arm] / self._done[arm] if self._done[arm] else mean_s
            left_s += max(0, total - self._done[arm]) * arm_mean_s
        return max(0.0, left_s - (now - self._last))
