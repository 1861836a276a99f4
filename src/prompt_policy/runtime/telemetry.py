"""Reports decisions and ended answers: to the log, as metrics, and on the active trace span."""

from __future__ import annotations

import importlib.util
import logging
import random
import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

from prompt_policy.errors import UsageError
from prompt_policy.kinds.base import Guard
from prompt_policy.runtime.decision import DECISION_LOGGER, Decision
from prompt_policy.runtime.filter_chain import RuleGuard
from prompt_policy.runtime.metrics import count_decision, count_ended_answer
from prompt_policy.runtime.pipeline import AppliedPolicy
from prompt_policy.wire.values import Json

SAMPLE_VARIABLE: Final = "PROMPT_POLICY_LOG_SAMPLE"
LINE_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_log = logging.getLogger(DECISION_LOGGER)
_general_log = logging.getLogger("prompt_policy")


class DecisionReporter:
    """Reports the decisions on requests.

    Arguments:
        sample_rate: the share of decisions that is logged, from 0 to 1. Refusals and internal errors are always logged.
    """

    def __init__(self, sample_rate: float = 1.0) -> None:
        self.sample_rate = sample_rate

    def report(self, applied: AppliedPolicy) -> None:
        """Report the decision on one request."""
        decision = applied.decision
        refused = applied.refusal is not None
        if _log.isEnabledFor(logging.INFO) and (refused or decision.has_fault or self._is_sampled()):
            _log_line(decision.record())
        count_decision(decision, applied.seconds, refused=refused)
        if (get_span := _load_tracer()) is not None:
            _set_attributes(get_span(), decision, refused)

    def _is_sampled(self) -> bool:
        return self.sample_rate >= 1 or random.random() < self.sample_rate


def report_end(policy: str, rule_guard: RuleGuard, guard: Guard) -> None:
    """Report that a rule ended a choice of a streamed answer, or under audit would have ended it."""
    rule, audited, _create = rule_guard
    action = "would have ended" if audited else "ended"
    _general_log.warning("policy %s, rule %s: %s an answer, because %s", policy, rule, action, guard.reason)
    count_ended_answer(policy, rule, audited=audited)
    if not audited and (get_span := _load_tracer()) is not None and (span := get_span()).is_recording():
        span.set_attribute("prompt_policy.ended_by", rule)


def _log_line(line: str) -> None:
    """Log as ``_log.info`` does, without its search of the stack for the caller, which is always this function."""
    _log.handle(_log.makeRecord(_log.name, logging.INFO, *_SOURCE, line, (), None, _log_line.__name__))


_SOURCE: Final = (_log_line.__code__.co_filename, _log_line.__code__.co_firstlineno)


def parse_sample_rate(value: object, source: str) -> float:
    """Return a share from 0 to 1. Raise UsageError, which names ``source``, for any other value."""
    try:
        share = float(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else -1.0
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise UsageError(f"{source}: expected a share from 0 to 1, got {value!r}")
    return share


def create_reporter(environment: Mapping[str, str]) -> DecisionReporter:
    """Return the reporter that the environment configures. Raise UsageError if its sample rate is invalid."""
    rate = environment.get(SAMPLE_VARIABLE)
    return DecisionReporter(parse_sample_rate(rate, SAMPLE_VARIABLE)) if rate else DecisionReporter()


@cache
def _load_tracer() -> Callable[[], Json] | None:
    """Return the function that returns the active span, or None if OpenTelemetry's API is not installed."""
    if importlib.util.find_spec("opentelemetry") is None:
        return None
    try:
        from opentelemetry.trace import get_current_span
    except ImportError:  # another part of the namespace is installed
        return None
    return get_current_span


def _set_attributes(span: Json, decision: Decision, refused: bool) -> None:
    if not span.is_recording():
        return
    span.set_attribute("prompt_policy.policy", decision.policy)
    span.set_attribute("prompt_policy.hash", decision.hash)
    span.set_attribute("prompt_policy.applied", decision.fired)
    span.set_attribute("prompt_policy.refused", refused)
    if (task := decision.loggable_task) is not None:
        span.set_attribute("prompt_policy.task", task)


class LineFormatter(logging.Formatter):
    """The standard library's formatter for ``LINE_FORMAT``; it converts each second to local time only once."""

    def __init__(self) -> None:
        super().__init__(LINE_FORMAT)
        self._second = (-1, "")  # one value, so that concurrent threads never see half of it

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        """Return the local time of a record, with milliseconds; ``datefmt`` is ignored."""
        created = int(record.created)
        second, text = self._second
        if second != created:
            text = time.strftime(self.default_time_format, self.converter(created))
            self._second = (created, text)
        return f"{text},{int(record.msecs):03d}"


def ensure_log_handler(logger: logging.Logger) -> None:
    """Attach a handler to standard error if the host has not configured logging, so that INFO lines are visible."""
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.INFO)
    if not logger.hasHandlers():
        handler = logging.StreamHandler()
        handler.setFormatter(LineFormatter())
        logger.addHandler(handler)
