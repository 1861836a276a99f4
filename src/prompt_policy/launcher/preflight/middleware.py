"""Check that the modules of ``--middleware`` are installed beside vLLM."""

from __future__ import annotations

from collections.abc import Iterator

from prompt_policy.launcher.command import LaunchPlan
from prompt_policy.launcher.machine.python_modules import find_missing_modules
from prompt_policy.launcher.options import flag_values


def check(plan: LaunchPlan) -> Iterator[str]:
    """Find a middleware whose package vLLM's interpreter cannot find. The package is not imported."""
    python = plan.installation.python
    values = [value for value in flag_values(plan.options.args, "middleware") if value]
    if python is None or not values:
        return
    missing = find_missing_modules(python, {_get_package(value) for value in values}, plan.environment)
    for value in values:
        if "." not in value:
            yield f"--middleware {value}: expected MODULE.NAME, such as prompt_policy.asgi.PolicyMiddleware"
        elif (package := _get_package(value)) in missing:
            yield f"--middleware {value}: {python} has no module {package}; install it there, or set PYTHONPATH"


def _get_package(value: str) -> str:
    return value.partition(".")[0]
