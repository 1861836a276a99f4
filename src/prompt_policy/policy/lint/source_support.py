"""Find rules and engine options that go beyond their sources: too weak a source, or a figure that none contains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from prompt_policy.kinds import Rule
from prompt_policy.kinds.clamp import Clamp
from prompt_policy.kinds.parameters.bounds import Bounds
from prompt_policy.policy.lint.finding import ENGINE, Finding
from prompt_policy.policy.model import Policy
from prompt_policy.policy.source import STRENGTHS, Source
from prompt_policy.yaml_model import format_value

EVALUATION: Final = "evaluation"
"""The profile for what makers recommend for benchmarks, and the strength of such a source."""


def find_unsupported_rules(policy: Policy, sources: Mapping[str, Sequence[Source]]) -> Iterator[Finding]:
    """Find rules and engine options without a source, or whose sources do not support them.

    - ``example`` supports no rule, ``evaluation`` only rules of the profile ``evaluation``.
    - Bounds, fixed values, removed parameters and rejections need a source with strength ``must``. Bounds may also come
      from a range that a source states: its ``finds`` contains them.
    - Every number that a rule sets is in the ``finds`` of one of its sources, unless none of them has ``finds``.
    """
    for rule in policy.rules:
        if not (found := sources.get(rule.name)):
            yield Finding(rule.name, "has no source; name the rule under a source's `for`")
        elif (message := _explain_weak(rule, found)) is not None:
            yield Finding(rule.name, message)
        else:
            yield from (Finding(rule.name, message) for message in _list_unsupported(rule, found))
    if policy.engine:
        yield from (Finding("", message) for message in _list_unsupported_options(policy, sources.get(ENGINE, ())))


def _explain_weak(rule: Rule, sources: Sequence[Source]) -> str | None:
    """Return why the strongest source of a rule is too weak, or None if it is not."""
    strongest = min(STRENGTHS.index(source.strength) for source in sources)
    if STRENGTHS[strongest] == "example":
        return "is supported by examples only; find a recommendation, or remove the rule"
    if STRENGTHS[strongest] == EVALUATION and rule.profile != EVALUATION:
        return f"is supported by evaluations only; add `profile: {EVALUATION}`"
    return None


def _list_unsupported(rule: Rule, sources: Sequence[Source]) -> Iterator[str]:
    is_required = any(source.strength == "must" for source in sources)
    if rule.kind == "reject" and not is_required:
        yield "rejects requests, and no source has the strength must"
    if not isinstance(rule, Clamp):
        return
    numbers = frozenset().union(*(source.numbers for source in sources))
    has_figures = any(source.finds for source in sources)
    for name, bounds in rule.parameters.items():
        limits = [limit for limit in (bounds.min, bounds.max) if limit is not None]
        if not is_required and (bounds.value is not None or bounds.drop):
            change = "is removed" if bounds.drop else "has a fixed value"
            yield f"{name} {change}, and no source has the strength must; set a default instead"
        elif not is_required and not numbers.issuperset(map(float, limits)):
            yield f"{name} is bounded, and no source has the strength must or states the range; set a default instead"
        elif has_figures:
            for figure in _list_figures(bounds):
                if float(figure) not in numbers:
                    yield f"{name}: {format_value(figure)} is in no source's `finds`; add it to the one that states it"


def _list_figures(bounds: Bounds) -> Iterator[int | float]:
    for value in (bounds.min, bounds.max, bounds.default, bounds.value):
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield value


def _list_unsupported_options(policy: Policy, sources: Sequence[Source]) -> Iterator[str]:
    if not sources:
        yield "engine has no source; add `for: [engine]` to one"
    if not any(source.finds for source in sources):
        return
    words = frozenset().union(*(source.words for source in sources))
    numbers = frozenset().union(*(source.numbers for source in sources))
    for name, value in policy.engine.items():
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            continue
        is_stated = value.casefold() in words if isinstance(value, str) else float(value) in numbers
        if not is_stated:
            yield f"engine.{name}: {format_value(value)} is in no source's `finds`; add it to the one that states it"
