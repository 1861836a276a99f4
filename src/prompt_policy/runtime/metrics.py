"""Prometheus metrics on the default registry, where ``prometheus_client`` is installed and unless it is told not to.

Nothing of a request's or an answer's text is ever in a label.
"""

from __future__ import annotations

import importlib.util
import os
import threading
from functools import cache
from typing import Final, Literal

from prompt_policy.decision import Decision
from prompt_policy.wire.values import Json

OFF_VARIABLE: Final = "PROMPT_POLICY_METRICS"
_MAKING: Final = threading.Lock()
_SECONDS: Final = (0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 1)


class Metrics:
    """The metrics, registered. ``client`` is the module ``prometheus_client``."""

    def __init__(self, client: Json) -> None:
        policy = ("policy",)
        self.requests = client.Counter("prompt_policy_requests_total", "Requests that a policy was applied to.", policy)
        self.rules = client.Counter(
            "prompt_policy_rules_total", "What became of rules: fired, skipped, refused or fault.",
            ("policy", "rule", "result", "mode"),
        )  # fmt: skip
        self.refusals = client.Counter("prompt_policy_refusals_total", "Requests that were refused.", policy)
        self.seconds = client.Histogram(
            "prompt_policy_apply_seconds", "Time spent on a request.", policy, buckets=_SECONDS
        )
        self.reloads = client.Counter(
            "prompt_policy_reloads_total", "Changed policy files: loaded or refused.", ("result",)
        )


@cache
def _metrics() -> Metrics | None:
    with _MAKING:  # two requests may be the first at the same time
        return _made()


@cache
def _made() -> Metrics | None:
    if os.environ.get(OFF_VARIABLE) == "0" or importlib.util.find_spec("prometheus_client") is None:
        return None
    import prometheus_client

    return Metrics(prometheus_client)


def count_reload(result: Literal["loaded", "refused"]) -> None:
    """Count a change of the policies' files."""
    if (metrics := _metrics()) is not None:
        metrics.reloads.labels(result).inc()


def count_decision(decision: Decision, seconds: float, *, refused: bool) -> None:
    """Count what a policy did to one request, and the time that it took."""
    metrics = _metrics()
    if metrics is None:
        return
    name = decision.policy
    _series(metrics.requests, name).inc()
    _series(metrics.seconds, name).observe(seconds)
    if refused:
        _series(metrics.refusals, name).inc()
    for outcome in decision.outcomes:
        if outcome.result != "idle":
            mode = "audit" if outcome.audited else "enforce"
            _series(metrics.rules, name, outcome.rule, outcome.result, mode).inc()


@cache
def _series(metric: Json, *labels: str) -> Json:
    """Return one series of a metric, which its client would look up under a lock; labels name what policies do."""
    return metric.labels(*labels)
