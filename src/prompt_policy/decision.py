"""What happened to one request: which rules fired, what they changed, what was skipped or refused and why.

A decision never holds prompt or answer text: of a change to text only the place is kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from types import NoneType
from typing import Final, Literal, NamedTuple

from prompt_policy.wire import MISSING, Change, Endpoint, Json
from prompt_policy.wire.json_bytes import encoded
from prompt_policy.wire.values import Missing

Result = Literal["fired", "idle", "skipped", "refused", "fault"]
"""fired: it changed something (under audit: it would have); idle: nothing to change, or its condition did not
hold; skipped: it may not act on this request, ``reason`` says why; refused; fault: an error of ours."""

LOGGER: Final = "prompt_policy.decision"

HEADER: Final = "x-prompt-policy"
_HEADER_LIMIT: Final = 1024
_NAMED: Final = (Missing, NoneType, bool)
_WORDS: Final[dict[Json, str]] = {MISSING: "unset", None: "null", True: "true", False: "false"}
_SHOWN: Final = (Missing, NoneType, bool, int, float)
_UNPRINTABLE: Final = re.compile(r"[^!-+\--~]")  # or a comma
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_MODEL_LIMIT: Final = 256
_UNTOLD: Final = "-"


class Outcome(NamedTuple):
    """What one rule did."""

    rule: str
    kind: str
    result: Result
    audited: bool = False
    reason: str | None = None
    changes: tuple[Change, ...] = ()
    filters_answer: bool = False


@dataclass(slots=True)
class Decision:
    """What a policy did to one request. ``hash`` is the policy's, after ``extends``."""

    policy: str
    hash: str
    endpoint: Endpoint
    model: str
    outcomes: list[Outcome] = field(default_factory=list)
    task: str | None = None
    """The task of the last user turn, where a rule asked for it."""
    not_spared: tuple[str, ...] = ()
    """The rules that the caller asked to be spared in vain."""

    @property
    def fired(self) -> tuple[str, ...]:
        """The rules that changed the request, in order; audited ones are not among them."""
        return tuple([o.rule for o in self.outcomes if o.result == "fired" and not o.audited])

    @property
    def refused(self) -> bool:
        """Whether a rule refused the request."""
        return any(o.result == "refused" and not o.audited for o in self.outcomes)

    @property
    def has_fault(self) -> bool:
        """Whether a rule failed on the request."""
        return any(o.result == "fault" for o in self.outcomes)

    @property
    def told_task(self) -> str | None:
        """The task where it is a name, else ``-``: a caller may write anything there, a prompt too."""
        return self.task if self.task is None or _NAME.fullmatch(self.task) else _UNTOLD

    def headers(self) -> dict[str, str]:
        """Return the headers that go with the answer."""
        headers = {HEADER: f"{self.policy}@{self.hash}"}
        if fired := self.fired:
            headers[f"{HEADER}-applied"] = _bounded(fired)
        if changed := list(self._changed()):
            headers[f"{HEADER}-changed"] = _bounded(changed)
        return headers

    def record(self) -> str:
        """Return the decision as one line of JSON for the log."""
        rules = [_recorded(o) for o in self.outcomes if o.result != "idle" or o.filters_answer]
        recorded: dict[str, Json] = {
            "policy": self.policy,
            "hash": self.hash,
            "endpoint": self.endpoint,
            "model": self.model[:_MODEL_LIMIT],
            "task": self.told_task,
            "applied": self.fired,
            **({"not_spared": self.not_spared} if self.not_spared else {}),
            "rules": rules,
        }
        line = encoded(recorded)
        return line.decode() if line.isascii() else json.dumps(recorded, separators=(",", ":"))

    def _changed(self) -> Iterator[str]:
        """Yield each place once, from what the client sent to what was sent on."""
        net: dict[str, Change] = {}
        for outcome in self.outcomes:
            if outcome.changes and not outcome.audited:
                for change in outcome.changes:
                    first = net.get(change.path)
                    net[change.path] = Change(change.path, first.before, change.after) if first else change
        for change in net.values():
            if not _has_value(change):
                yield change.path
            elif change.before is not change.after and change.before != change.after:
                yield f"{change.path}={_word(change.before)}>{_word(change.after)}"


def _recorded(outcome: Outcome) -> dict[str, Json]:
    recorded: dict[str, Json] = {"rule": outcome.rule, "kind": outcome.kind, "result": outcome.result}
    if outcome.audited:
        recorded["mode"] = "audit"
    if outcome.filters_answer:
        recorded["filters_answer"] = True
    if outcome.reason:
        recorded["reason"] = outcome.reason
    if outcome.changes:
        recorded["changed"] = changes_of(outcome)
    return recorded


def changes_of(outcome: Outcome) -> list[str]:
    """Return what a rule changed, in words that hold no text of a request."""
    return [f"{c.path}={_word(c.before)}>{_word(c.after)}" if _has_value(c) else c.path for c in outcome.changes]


def _has_value(change: Change) -> bool:
    """Tell whether a change may be shown with its values: numbers, booleans and absence only."""
    if change.before is MISSING and change.after is MISSING:
        return False
    return isinstance(change.before, _SHOWN) and isinstance(change.after, _SHOWN)


def _word(value: Json) -> str:
    return _WORDS[value] if isinstance(value, _NAMED) else repr(value)


def _bounded(words: Sequence[str]) -> str:
    """Join words into a header value of visible ASCII, cut at a comma."""
    if _UNPRINTABLE.search("".join(words)):
        words = [_UNPRINTABLE.sub("_", word) for word in words]
    value = ",".join(words)
    return value if len(value) <= _HEADER_LIMIT else value[:_HEADER_LIMIT].rpartition(",")[0] + ",..."
