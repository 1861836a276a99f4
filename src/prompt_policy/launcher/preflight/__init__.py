"""Checks that run before vLLM is started. Each finds problems and names the remedy; none of them imports vLLM."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from prompt_policy.launcher.command import LaunchPlan
from prompt_policy.launcher.preflight import (
    chat_template,
    checkpoint,
    flags,
    front_end,
    gpus,
    memory,
    middleware,
    port,
    tokenizer,
    version,
    weights,
)
from prompt_policy.net import LOOPBACK_HOSTS

Check = Callable[[LaunchPlan], Iterator[str]]
CHECKS: Final[tuple[Check, ...]] = (
    version.check,
    port.check,
    checkpoint.check,
    weights.check,
    tokenizer.check,
    chat_template.check,
    middleware.check,
    front_end.check,
    gpus.check,
    memory.check,
)


def find_problems(plan: LaunchPlan) -> list[str]:
    """Return the problems that would make the start fail, one line each."""
    return [problem for check in CHECKS for problem in check(plan)]


def find_warnings(plan: LaunchPlan) -> list[str]:
    """Return warnings: problems that do not prevent the start, or may not."""
    return [*_find_public_address(plan), *flags.warn(plan)]


def _find_public_address(plan: LaunchPlan) -> Iterator[str]:
    if plan.host not in LOOPBACK_HOSTS and not plan.api_key:
        yield (
            f"--host {plan.host} without --api-key lets anyone who reaches this machine use the model; "
            "set a key in VLLM_API_KEY, or use --host 127.0.0.1"
        )
