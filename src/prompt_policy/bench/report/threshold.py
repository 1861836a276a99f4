"""Thresholds on the metrics of a run, for CI: ``p95_e2e_on > 30``."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final, NamedTuple

from prompt_policy.errors import UsageError, did_you_mean

_OPERATORS: Final[dict[str, Callable[[float, float], bool]]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
_THRESHOLD: Final = re.compile(
    r"\s*(?P<metric>[a-z]\w*)\s*(?P<operator><=|>=|==|!=|<|>)\s*(?P<bound>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)\s*",
    re.ASCII,
)
_COMBINED: Final = re.compile(r"\b(?:and|or|not)\b")


class Threshold(NamedTuple):
    """A condition on one metric that makes the command fail."""

    text: str
    metric: str
    operator: str
    bound: float

    def holds(self, metrics: Mapping[str, float | None]) -> bool:
        """Return whether the condition holds. Raise UsageError if the run has no value for the metric."""
        value = metrics[self.metric]
        if value is None:
            raise UsageError(f"--fail-if {self.text}: {self.metric} has no value in this run; use another metric")
        return _OPERATORS[self.operator](value, self.bound)


def parse_thresholds(texts: Sequence[str], known: Collection[str]) -> list[Threshold]:
    """Parse the values of ``--fail-if``. Raise UsageError if one is invalid or names an unknown metric.

    Arguments:
        texts: conditions of the form METRIC OPERATOR NUMBER.
        known: the names of the metrics.
    """
    return [_parse_threshold(text, known) for text in texts]


def _parse_threshold(text: str, known: Collection[str]) -> Threshold:
    match = _THRESHOLD.fullmatch(text)
    if match is None and _COMBINED.search(text):
        raise UsageError(f"--fail-if {text}: conditions cannot be combined; repeat --fail-if, and any that holds fails")
    if match is None:
        raise UsageError(f"--fail-if {text}: expected METRIC OPERATOR NUMBER, such as 'p95_e2e_on > 30'")
    if (metric := match["metric"]) not in known:
        raise UsageError(f"--fail-if {text}: unknown metric '{metric}'{did_you_mean(metric, sorted(known))}")
    return Threshold(text, match["metric"], match["operator"], float(match["bound"]))
