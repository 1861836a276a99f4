"""A finding of the linter, and what its checks have in common."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from prompt_policy.conditions.when import When
from prompt_policy.kinds import Rule
from prompt_policy.policy.model import Policy

ENGINE: Final = "engine"
"""The name under a source's ``for`` that stands for the policy's engine options."""


class Finding(NamedTuple):
    """Something that looks wrong with a rule, or with the whole policy if ``rule`` is empty."""

    rule: str
    message: str


def is_active(policy: Policy, rule: Rule) -> bool:
    """Return whether a rule is not off."""
    return (rule.mode or policy.mode) != "off"


def list_conditions(when: When | None) -> Iterator[When]:
    """Yield a condition and all conditions nested in it."""
    if when is not None:
        yield when
        for inner in (*(when.any_ or ()), *(when.all_ or ()), when.not_):
            yield from list_conditions(inner)
