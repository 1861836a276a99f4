"""What is allowed and still seems wrong: findings of ``check --strict``, each about a rule or a key."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final, NamedTuple

from prompt_policy.conditions.when import When
from prompt_policy.kinds import Rule
from prompt_policy.kinds.append_suffix import AppendSuffix
from prompt_policy.kinds.clamp import Bounds, Clamp
from prompt_policy.kinds.reject import Reject
from prompt_policy.policy.document import Policy
from prompt_policy.policy.mistakes import near

ENGINE: Final = "engine"
"""What a source names under ``for`` to be the reason for the policy's ``engine``."""
_TASKS: Final = ("math", "code", "other")
_PREFIX: Final = "changes a turn that reads otherwise in the next request, so the engine's prefix cache ends there"


class Finding(NamedTuple):
    """Something about a rule, or about the policy where ``rule`` is empty."""

    rule: str
    message: str


def findings(policy: Policy, reasons: frozenset[str]) -> Iterator[Finding]:
    """Yield what seems wrong in a policy with all that it extends. ``reasons`` are what some source is given for."""
    yield from _unreachable(policy)
    yield from _values_and_bounds(policy)
    yield from _suffixes(policy)
    yield from _prefix_breakers(policy)
    yield from _unknown_tasks(policy)
    yield from _without_reason(policy, reasons)


def _unreachable(policy: Policy) -> Iterator[Finding]:
    final = (r for r in policy.rules if isinstance(r, Reject) and r.when is None and _acts(policy, r))
    refusing = next((rule.name for rule in final), None)
    seen = False
    for rule in policy.rules:
        if seen:
            yield Finding(rule.name, f"is never reached: '{refusing}' refuses every request before it")
        seen = seen or rule.name == refusing
        if not _acts(policy, rule):
            yield Finding(rule.name, "is off")
        elif reason := _never(rule):
            yield Finding(rule.name, f"never acts: {reason}")


def _acts(policy: Policy, rule: Rule) -> bool:
    return (rule.mode or policy.mode) != "off"


def _never(rule: Rule) -> str | None:
    when = rule.when
    if when is None:
        return None
    if when.endpoint is not None and rule.acts_on.isdisjoint(when.endpoint):
        return f"{rule.kind} does not act on {', '.join(when.endpoint)}"
    for flag in rule.never_with:
        if getattr(when, flag) is True:
            return f"{rule.kind} is skipped where {flag} holds, which its condition demands"
    denied = when.not_
    if denied is not None and all(getattr(denied, key) == getattr(when, key) for key in denied.model_fields_set):
        return "its condition contradicts itself"
    return None


def _values_and_bounds(policy: Policy) -> Iterator[Finding]:
    """Find a parameter that an earlier rule has set for good, and that a later one bounds or sets again."""
    pinned: dict[str, Clamp] = {}
    for rule in policy.rules:
        if not isinstance(rule, Clamp) or not _acts(policy, rule):
            continue
        for name, bounds in rule.parameters.items():
            earlier = pinned.get(name)
            if earlier is not None and (earlier.when is None or earlier.when == rule.when):
                yield Finding(rule.name, f"{_what(bounds)} for {name}, which '{earlier.name}' has set already")
            if bounds.value is not None and (rule.when is None or name not in pinned):
                pinned[name] = rule


def _what(bounds: Bounds) -> str:
    return "a value" if bounds.value is not None else "removal" if bounds.drop else "a bound"


def _suffixes(policy: Policy) -> Iterator[Finding]:
    suffixes = [rule for rule in policy.rules if isinstance(rule, AppendSuffix) and _acts(policy, rule)]
    for one, other in pairwise(suffixes):
        if not _exclude_each_other(one.when, other.when):
            yield Finding(other.name, f"a turn may get this text after that of '{one.name}'")


def _exclude_each_other(one: When | None, other: When | None) -> bool:
    """Tell whether two conditions can be seen never to hold of the same turn."""
    if one is None or other is None:
        return False
    for key in ("task", "language", "endpoint", "team", "key_alias"):
        wanted = getattr(one, key), getattr(other, key)
        if all(wanted) and set(wanted[0]).isdisjoint(wanted[1]):
            return True
    flags = ("stream", "has_tools", "json_mode", "has_system")
    return any({getattr(one, flag), getattr(other, flag)} == {True, False} for flag in flags)


def _prefix_breakers(policy: Policy) -> Iterator[Finding]:
    yield from (Finding(rule.name, _PREFIX) for rule in policy.rules if rule.marks_last_turn)


def _unknown_tasks(policy: Policy) -> Iterator[Finding]:
    known = [*_TASKS, *policy.tasks]
    for rule in policy.rules:
        for when in _conditions(rule.when):
            for task in when.task or ():
                if task not in known:
                    yield Finding(rule.name, f"task '{task}' can only be a caller's own word{near(task, known)}")


def _conditions(when: When | None) -> Iterator[When]:
    if when is not None:
        yield when
        for inner in (*(when.any_ or ()), *(when.all_ or ()), when.not_):
            yield from _conditions(inner)


def _without_reason(policy: Policy, reasons: frozenset[str]) -> Iterator[Finding]:
    for rule in policy.rules:
        if rule.name not in reasons:
            yield Finding(rule.name, "no source says why: name the rule under a source's `for`")
    if policy.engine and ENGINE not in reasons:
        yield Finding("", "no source says why the engine's options are as they are: `for: [engine]`")
