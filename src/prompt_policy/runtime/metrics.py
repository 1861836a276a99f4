"""Prometheus metrics on the default registry.

Enabled if ``prometheus_client`` is installed; set PROMPT_POLICY_METRICS=0 to disable. No label contains text of a
request or an answer.
"""

from __future__ import annotations

import importlib.util
import os
import threading
from typing import Final, Literal, NamedTuple

from prompt_policy.runtime.decision import Decision
from prompt_policy.wire.values import Json

METRICS_VARIABLE: Final = "PROMPT_POLICY_METRICS"
_BUCKETS_S: Final = (0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 1)


MAX_CACHED_POLICIES: Final = 1024
"""Policies whose series are cached. The cache is emptied when it is full."""


class Metrics:
    """The metrics, registered on creation. ``client`` is the module ``prometheus_client``."""

    def __init__(self, client: Json) -> None:
        policy = ("policy",)
        self.requests = client.Counter("prompt_policy_requests_total", "Requests that a policy was applied to.", policy)
        self.rules = client.Counter(
            "prompt_policy_rules_total", "Results of rules: fired, skipped, refused or fault.",
            ("policy", "rule", "result", "mode"),
        )  # fmt: skip
        self.refusals = client.Counter("prompt_policy_refusals_total", "Requests that were refused.", policy)
        self.seconds = client.Histogram(
            "prompt_policy_apply_seconds", "Time spent on a request.", policy, buckets=_BUCKETS_S
        )
        self.reloads = client.Counter(
            "prompt_policy_reloads_total", "Changed policy files: loaded or refused.", ("result",)
        )
        for result in ("loaded", "refused"):  # series that begin with 0, so that `increase` sees the first event
            self.reloads.labels(result)
        self.ended_answers = client.Counter(
            "prompt_policy_ended_answers_total", "Choices of streamed answers that a rule ended.",
            ("policy", "rule", "mode"),
        )  # fmt: skip
        self.series: dict[str, PolicySeries] = {}

    def add_series(self, policy: str) -> PolicySeries:
        """Return the series of a policy, from now on also found in ``series``."""
        if len(self.series) >= MAX_CACHED_POLICIES:
            self.series.clear()
        self.refusals.labels(policy)  # begins with 0 as well
        self.series[policy] = PolicySeries(self.requests.labels(policy), self.seconds.labels(policy), {})
        return self.series[policy]


class PolicySeries(NamedTuple):
    """The series of one policy, cached because ``labels`` takes a lock."""

    requests: Json
    seconds: Json
    rules: dict[tuple[Json, ...], Json]


_LOCK: Final = threading.Lock()
_CREATED: Final[list[Metrics | None]] = []


def _get_metrics() -> Metrics | None:
    """Return the metrics, created on first use, or None if they are disabled."""
    if not _CREATED:
        with _LOCK:  # two threads may get here at the same time
            if not _CREATED:
                _CREATED.append(_create_metrics())
    return _CREATED[0]


def _create_metrics() -> Metrics | None:
    if os.environ.get(METRICS_VARIABLE) == "0" or importlib.util.find_spec("prometheus_client") is None:
        return None
    import prometheus_client

    return Metrics(prometheus_client)


def count_reload(result: Literal["loaded", "refused"]) -> None:
    """Count a reload of changed policy files."""
    if (metrics := _get_metrics()) is not None:
        metrics.reloads.labels(result).inc()


def count_ended_answer(policy: str, rule: str, *, audited: bool) -> None:
    """Count a choice of a streamed answer that a rule ended, or under audit would have ended."""
    if (metrics := _get_metrics()) is not None:
        metrics.ended_answers.labels(policy, rule, "audit" if audited else "enforce").inc()


def count_decision(decision: Decision, seconds: float, *, refused: bool) -> None:
    """Count the decision on one request, and the time that it took."""
    metrics = _get_metrics()
    if metrics is None:
        return
    name = decision.policy
    series = metrics.series.get(name) or metrics.add_series(name)
    series.requests.inc()
    series.seconds.observe(seconds)
    if refused:
        metrics.refusals.labels(name).inc()
    for outcome in decision.outcomes:
        if outcome.result != "idle":
            key = outcome[:4]
            counter = series.rules.get(key)
            if counter is None:
                mode = "audit" if outcome.audited else "enforce"
                counter = series.rules[key] = metrics.rules.labels(name, outcome.rule, outcome.result, mode)
            counter.inc()
