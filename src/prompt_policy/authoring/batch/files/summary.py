"""Count what happened to the lines of a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from prompt_policy.authoring.batch.rewriter import REJECTED, LineResult, LineStatus
from prompt_policy.wire import JsonObject

_MAX_MODELS: Final = 1000
_MAX_SHOWN_MODELS: Final = 5
_OTHER_MODELS: Final = "(other models)"
_TEXTS: Final[dict[LineStatus, str]] = {
    "changed": "changed",
    "unchanged": "unchanged",
    "no_policy": "without a policy, unchanged",
    "other_endpoint": "for endpoints on which policies do not act, unchanged",
    "refused": "refused by a policy",
    "invalid": "not valid",
}


@dataclass
class BatchSummary:
    """The counts of one run.

    Attributes:
        statuses: the number of lines by their status.
        rules: how often each rule fired, or cleaned an answer, as ``policy/rule``.
        models: the number of lines without a policy, by the model's name.
        requests: with answers, the number of requests that ``apply`` sends on; None: no answers were cleaned.
        by_position: the number of answers whose request was found by its position.
    """

    statuses: Counter[LineStatus] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    models: Counter[str] = field(default_factory=Counter)
    requests: int | None = None
    by_position: int = 0

    def add(self, result: LineResult) -> None:
        """Count one line."""
        self.statuses[result.status] += 1
        for rule in result.fired:
            self.rules[f"{result.policy}/{rule}"] += 1
        if result.status == "no_policy":
            is_listed = result.model in self.models or len(self.models) < _MAX_MODELS
            self.models[result.model if is_listed else _OTHER_MODELS] += 1

    @property
    def lines(self) -> int:
        """The number of lines that are not blank."""
        return self.statuses.total() - self.statuses["blank"]

    @property
    def rejected(self) -> int:
        """The number of lines that are not in the output."""
        return sum(self.statuses[status] for status in REJECTED)

    @property
    def is_misaligned(self) -> bool:
        """Whether the numbers of plain answers and requests differ, so that pairs by position are doubtful."""
        return self.by_position > 0 and self.requests is not None and self.requests != self.by_position

    @property
    def has_findings(self) -> bool:
        """Whether the exit code is 1."""
        return self.rejected > 0 or self.is_misaligned

    def to_json(self) -> JsonObject:
        """Return the counts as a JSON object."""
        counts: JsonObject = {status: self.statuses[status] for status in _TEXTS}
        return {
            "lines": self.lines, **counts, "rules": dict(self.rules.most_common()),
            "models_without_policy": dict(self.models.most_common()), "requests": self.requests,
            "misaligned": self.is_misaligned,
        }  # fmt: skip

    def describe(self) -> Iterator[str]:
        """Yield the counts as lines of text."""
        counts = [f"{self.statuses[status]:,} {text}" for status, text in _TEXTS.items() if self.statuses[status]]
        yield f"{self.lines:,} {'line' if self.lines == 1 else 'lines'}: {', '.join(counts) or 'nothing to do'}"
        width = max(map(len, self.rules), default=0)
        for rule, count in self.rules.most_common():
            yield f"  {rule:<{width}}  {count:,}"
        if self.models:
            shown = [f"{name or '(none)'} ({count:,})" for name, count in self.models.most_common(_MAX_SHOWN_MODELS)]
            rest = len(self.models) - len(shown)
            yield f"no policy applies to: {', '.join(shown)}{f' and {rest} more' if rest else ''}"
        if self.is_misaligned:
            yield f"{self.by_position:,} answers for {self.requests:,} requests: pairs by position may be wrong"
