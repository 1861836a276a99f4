"""Telling what was done to a request: the decision log, metrics, and the active trace span."""

from __future__ import annotations

import importlib.util
import logging
import random
from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

from prompt_policy.decision import LOGGER, Decision
from prompt_policy.errors import UsageError
from prompt_policy.runtime.metrics import count_decision
from prompt_policy.runtime.pipeline import Applied
from prompt_policy.wire.values import Json

SAMPLE_VARIABLE: Final = "PROMPT_POLICY_LOG_SAMPLE"
_log = logging.getLogger(LOGGER)


class Reporter:
    """Tells of requests.

    Arguments:
        sample: the share of decisions that is logged, from 0 to 1; refusals and faults always are.
    """

    def __init__(self, sample: float = 1.0) -> None:
        self.sample = sample

    def report(self, applied: Applied) -> None:
        """Tell what a policy did to one request."""
        decision = applied.decision
        refused = applied.refusal is not None
        if _log.isEnabledFor(logging.INFO) and (refused or decision.has_fault or self._is_drawn()):
            _log.info(decision.record())
        count_decision(decision, applied.seconds, refused=refused)
        if (current_span := _tracer()) is not None:
            _describe(current_span(), decision, refused)

    def _is_drawn(self) -> bool:
        return self.sample >= 1 or random.random() < self.sample


def sample_of(value: object, where: str) -> float:
    """Return a share from 0 to 1. Raise UsageError, which names where it stands, for anything else."""
    try:
        share = float(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else -1.0
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise UsageError(f"{where}: expected a share from 0 to 1, got {value!r}")
    return share


def reporter_of(environment: Mapping[str, str]) -> Reporter:
    """Return the reporter that the environment asks for. Raise UsageError."""
    given = environment.get(SAMPLE_VARIABLE)
    return Reporter(sample_of(given, SAMPLE_VARIABLE)) if given else Reporter()


@cache
def _tracer() -> Callable[[], Json] | None:
    """Return what gives the active span, where OpenTelemetry's API is installed."""
    if importlib.util.find_spec("opentelemetry") is None:
        return None
    try:
        from opentelemetry.trace import get_current_span
    except ImportError:  # another part of the namespace is installed
        return None
    return get_current_span


def _describe(span: Json, decision: Decision, refused: bool) -> None:
    if not span.is_recording():
        return
    span.set_attribute("prompt_policy.policy", decision.policy)
    span.set_attribute("prompt_policy.hash", decision.hash)
    span.set_attribute("prompt_policy.applied", decision.fired)
    span.set_attribute("prompt_policy.refused", refused)
    if (task := decision.told_task) is not None:
        span.set_attribute("prompt_policy.task", task)
