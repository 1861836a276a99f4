"""Lint a policy: report what is valid and still looks wrong, for ``check --strict``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from prompt_policy.errors import Problem
from prompt_policy.kinds import Rule
from prompt_policy.policy.lint.finding import Finding, is_active
from prompt_policy.policy.lint.inactive_rules import find_inactive_rules, find_undetected_languages, find_unknown_tasks
from prompt_policy.policy.lint.source_support import find_unsupported_rules
from prompt_policy.policy.lint.unknown_parameters import find_unknown_parameters
from prompt_policy.policy.model import Policy
from prompt_policy.policy.names.selection import PolicySet
from prompt_policy.policy.source import Source
from prompt_policy.policy.source_map import SourceMap

_PREFIX: Final = (
    "modifies the last user turn differently in the next request, which invalidates the prefix cache from there on"
)


def lint_set(policies: PolicySet) -> list[Problem]:
    """Return what looks wrong in policies that are loaded together. Those that others extend need no models."""
    extended = {
        base
        for policy in policies.policies
        for base in policies.source_maps[policy.name].comments
        if base != policy.name
    }
    problems: list[Problem] = []
    for policy in policies.policies:
        source_map = policies.source_maps[policy.name]
        problems += lint(policy, source_map)
        if policy.applies_to is None and policy.name not in extended:
            message = "applies to no model unless a host binds it by name; add applies_to.models, which may be empty"
            problems.append(source_map.problem_at("", message))
    return problems


def lint(policy: Policy, source_map: SourceMap) -> list[Problem]:
    """Return what looks wrong in a policy that loads, with positions."""
    found = lint_rules(policy, source_map.sources)
    names = {rule.name for rule in policy.rules}
    escapes = (problem for rule, problem in source_map.escapes if rule in names)
    return [*(source_map.problem_at(finding.rule, finding.message) for finding in found), *escapes]


def lint_rules(policy: Policy, sources: Mapping[str, Sequence[Source]]) -> Iterator[Finding]:
    """Yield what looks wrong in a policy that is merged with all that it extends.

    Arguments:
        policy: the policy.
        sources: the sources of each rule by name, and of the engine options under ``engine``.
    """
    yield from _lint_each_rule(policy)
    yield from find_inactive_rules(policy)
    yield from (Finding(rule.name, _PREFIX) for rule in policy.rules if rule.breaks_prefix_cache)
    yield from find_unknown_tasks(policy)
    yield from find_undetected_languages(policy)
    yield from find_unknown_parameters(policy)
    yield from find_unsupported_rules(policy, sources)


def _lint_each_rule(policy: Policy) -> Iterator[Finding]:
    """Ask each active rule to check itself against the active rules before it."""
    earlier: list[Rule] = []
    for rule in policy.rules:
        if is_active(policy, rule):
            yield from (Finding(rule.name, message) for message in rule.lint(earlier))
            earlier.append(rule)
