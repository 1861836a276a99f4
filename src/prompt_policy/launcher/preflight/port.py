"""Check that the port is free."""

from __future__ import annotations

from collections.abc import Iterator

from prompt_policy.errors import UsageError
from prompt_policy.launcher.command import LaunchPlan
from prompt_policy.launcher.machine.ports import find_free_port, find_listener


def check(plan: LaunchPlan) -> Iterator[str]:
    """Find a port that cannot be bound. A container binds ports of its own, so it is not checked."""
    if plan.installation.is_custom:
        return
    try:
        find_free_port(plan.host, plan.port)
    except UsageError as error:
        listener = find_listener(plan.port)
        yield f"{error}{f' (used by {listener})' if listener else ''}"
