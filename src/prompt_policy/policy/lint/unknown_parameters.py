"""Find names of parameters that no known API has."""

from __future__ import annotations

from collections.abc import Iterator

from prompt_policy.errors import did_you_mean
from prompt_policy.kinds import Rule
from prompt_policy.kinds.clamp import Clamp
from prompt_policy.policy.lint.finding import Finding, list_conditions
from prompt_policy.policy.lint.known_parameters import KNOWN_PARAMETERS
from prompt_policy.policy.model import Policy
from prompt_policy.wire.requests.parameters import parse_path


def find_unknown_parameters(policy: Policy) -> Iterator[Finding]:
    """Find parameters in rules and conditions that no known API has. Of a dotted name, only the first part counts."""
    for rule in policy.rules:
        for name in dict.fromkeys(_list_names(rule)):
            first = parse_path(name)[0]
            if first not in KNOWN_PARAMETERS:
                hint = did_you_mean(first, sorted(KNOWN_PARAMETERS))
                yield Finding(rule.name, f"no known API has the parameter '{first}'{hint}; check the name")


def _list_names(rule: Rule) -> Iterator[str]:
    if isinstance(rule, Clamp):
        yield from rule.parameters
        for bounds in rule.parameters.values():
            yield from (name for name in (bounds.rename, bounds.max_of) if name is not None)
    for when in list_conditions(rule.when):
        yield from when.parameters or ()
