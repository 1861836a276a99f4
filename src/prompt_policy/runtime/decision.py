"""The decision on one request: which rules fired, what they changed, and what was skipped or refused and why.

A decision never holds prompt or answer text: for a change of text only its place is recorded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from json.encoder import encode_basestring_ascii as _quote
from types import NoneType
from typing import Final, Literal, NamedTuple

from prompt_policy.policy.model import RESERVED_NAME
from prompt_policy.wire import MISSING, Change, Endpoint, Json
from prompt_policy.wire.values import Missing

RuleResult = Literal["fired", "idle", "skipped", "refused", "fault"]
"""The result of a rule.

fired: it changed the request (under audit: it would have), except for what a ``reason`` names; idle: there was nothing
to change, or its condition did not hold; skipped: it must not act on this request, for the ``reason`` in its outcome;
refused: it refused the request; fault: it failed with an internal error."""

DECISION_LOGGER: Final = "prompt_policy.decision"

POLICY_HEADER: Final = "x-prompt-policy"
APPLIED_HEADER: Final = f"{POLICY_HEADER}-applied"
CHANGED_HEADER: Final = f"{POLICY_HEADER}-changed"
HOST_HEADER: Final = f"{POLICY_HEADER}-host"
REASON_HEADER: Final = f"{POLICY_HEADER}-reason"
RULES_HEADER: Final = f"{POLICY_HEADER}-rules"
NO_POLICY: Final = RESERVED_NAME
"""The value of the policy header if no policy applies; only a request of ``prompt-policy doctor`` receives it."""
NO_MATCH: Final = "no pattern matches"
"""The reason if no policy applies to a model, as a clause."""
EXEMPT: Final = "its deployment is exempt"
"""The reason if an operator has exempted a deployment from all policies, as a clause."""
_MAX_HEADER_CHARS: Final = 1024
_NAMED: Final = frozenset({Missing, NoneType, bool})
_NAMES: Final[dict[Json, str]] = {MISSING: "unset", None: "null", True: "true", False: "false"}
_LOGGABLE: Final = _NAMED | {int, float}
_UNPRINTABLE: Final = re.compile(r"[^!-~]")
_NOT_ASCII: Final = re.compile(r"[^ -~]")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_MAX_MODEL_CHARS: Final = 256
_REDACTED: Final = "-"


class RuleOutcome(NamedTuple):
    """The outcome of one rule on one request."""

    rule: str
    kind: str
    result: RuleResult
    audited: bool = False
    reason: str | None = None
    changes: tuple[Change, ...] = ()
    filters_answer: bool = False


@dataclass(slots=True)
class Decision:
    """The decision of a policy on one request. ``hash`` is the policy's, with ``extends`` resolved."""

    policy: str
    hash: str
    endpoint: Endpoint
    model: str
    outcomes: list[RuleOutcome] = field(default_factory=list)
    task: str | None = None
    """The task of the last user turn, if a rule evaluated it."""
    denied_skips: tuple[str, ...] = ()
    """The rules that the caller asked to skip without permission."""

    @property
    def fired(self) -> tuple[str, ...]:
        """The rules that changed the request, in order; audited rules are excluded."""
        return tuple([o.rule for o in self.outcomes if o.result == "fired" and not o.audited])

    @property
    def refused(self) -> bool:
        """Whether a rule refused the request."""
        return any(o.result == "refused" and not o.audited for o in self.outcomes)

    @property
    def has_fault(self) -> bool:
        """Whether a rule failed on the request."""
        return "fault" in [o.result for o in self.outcomes]

    @property
    def loggable_task(self) -> str | None:
        """The task if it is a valid name, else ``-``: a caller may set it to anything, even a prompt."""
        return self.task if self.task is None or _NAME.fullmatch(self.task) else _REDACTED

    def headers(self) -> dict[str, str]:
        """Return the headers to add to the response."""
        headers = {POLICY_HEADER: f"{self.policy}@{self.hash}"}
        fired: list[str] = []
        net: dict[str, Change] = {}  # one change per path: from the client's value to the value sent on
        for outcome in self.outcomes:
            if outcome.audited:
                continue
            if outcome.result == "fired":
                fired.append(outcome.rule)
            for change in outcome.changes:
                first = net.get(change.path)
                net[change.path] = Change(change.path, first.before, change.after) if first else change
        if fired:
            headers[APPLIED_HEADER] = _join_bounded(fired)
        if net and (changed := [_describe_change(*change) for change in net.values() if not _is_undone(change)]):
            headers[CHANGED_HEADER] = _join_bounded(changed)
        return headers

    def record(self) -> str:
        """Return the decision as a line of JSON for the log."""
        rules = ",".join([_dump_outcome(o) for o in self.outcomes if o.result != "idle" or o.filters_answer])
        applied = ",".join([_quote(rule) for rule in self.fired])
        task = self.loggable_task
        denied = f'"denied_skips":[{",".join(map(_quote, self.denied_skips))}],' if self.denied_skips else ""
        return (
            f'{{"policy":{_quote(self.policy)},"hash":"{self.hash}","endpoint":"{self.endpoint}",'
            f'"model":{_quote(self.model[:_MAX_MODEL_CHARS])},"task":{"null" if task is None else _quote(task)},'
            f'"applied":[{applied}],{denied}"rules":[{rules}]}}'
        )


def build_diagnosis(decision: Decision | None, host: str, reason: str) -> dict[str, str]:
    """Return the headers that answer ``prompt-policy doctor``: host, policy, reason, and the result of each rule.

    Arguments:
        decision: the decision on the request; None if no policy applies.
        host: the name of the host, with its version.
        reason: the reason why this policy, or none, applies, as a clause.
    """
    headers = {HOST_HEADER: describe_host(host), REASON_HEADER: _NOT_ASCII.sub("?", reason)[:_MAX_HEADER_CHARS]}
    if decision is None:
        return {POLICY_HEADER: NO_POLICY, **headers}
    rules = [f"{rule}={result}" for rule, result in summarize_rules(decision)]
    return headers | ({RULES_HEADER: _join_bounded(rules)} if rules else {})


def describe_host(host: str) -> str:
    """Return a host and prompt-policy as product tokens, as in HTTP's ``Server`` header."""
    return f"{host} prompt-policy/{_find_own_version()}"


@cache
def _find_own_version() -> str:
    try:
        return metadata.version("prompt-policy")
    except metadata.PackageNotFoundError:  # run from its sources
        return "unknown"


def summarize_rules(decision: Decision) -> Iterator[tuple[str, str]]:
    """Yield each rule with its result, such as ``fired`` or ``idle;filters``: it filters the answer."""
    for outcome in decision.outcomes:
        audit, filters = (";audit" if outcome.audited else ""), (";filters" if outcome.filters_answer else "")
        yield outcome.rule, f"{outcome.result}{audit}{filters}"


def _dump_outcome(outcome: RuleOutcome) -> str:
    """Return an outcome as a JSON object."""
    rule, kind, result, audited, reason, changes, filters_answer = outcome
    mode = ',"mode":"audit"' if audited else ""
    filters = ',"filters_answer":true' if filters_answer else ""
    why = f',"reason":{_quote(reason)}' if reason else ""
    changed = f',"changed":[{",".join([_quote(each) for each in describe_changes(outcome)])}]' if changes else ""
    return f'{{"rule":{_quote(rule)},"kind":{_quote(kind)},"result":"{result}"{mode}{filters}{why}{changed}}}'


def describe_changes(outcome: RuleOutcome) -> list[str]:
    """Return descriptions of a rule's changes, without any text of the request."""
    return [_describe_change(*change) for change in outcome.changes]


def _is_undone(change: Change) -> bool:
    """Return whether a value was restored; False for text, of which only the place is known."""
    _path, before, after = change
    return before is not MISSING and (before is after or before == after) and type(before) in _LOGGABLE


def _describe_change(path: str, before: Json, after: Json) -> str:
    """Return a change as ``path=old>new`` if both values are numbers, booleans, null or absent, else its path."""
    if before is MISSING and after is MISSING:
        return path
    old, new = _format(before), _format(after)
    return path if old is None or new is None else f"{path}={old}>{new}"


def _format(value: Json) -> str | None:
    kind = type(value)
    if kind is float or kind is int:
        return repr(value)
    return _NAMES[value] if kind in _NAMED else None


def _join_bounded(words: Sequence[str]) -> str:
    """Return words joined into a header value of visible ASCII, truncated at a comma."""
    value = ",".join(words)
    is_visible = value.isascii() and value.isprintable() and " " not in value
    if not is_visible or value.count(",") >= len(words):
        value = ",".join([_UNPRINTABLE.sub("_", word).replace(",", "_") for word in words])
    return value if len(value) <= _MAX_HEADER_CHARS else value[:_MAX_HEADER_CHARS].rpartition(",")[0] + ",..."
