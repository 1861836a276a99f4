"""What can be told to be wrong before a process is started, each with its remedy. Nothing here imports vLLM."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from prompt_policy.launcher.command import Plan
from prompt_policy.launcher.preflight import checkpoint, gpus, memory, port, version

Check = Callable[[Plan], Iterator[str]]
CHECKS: Final[tuple[Check, ...]] = (version.check, port.check, checkpoint.check, gpus.check, memory.check)


def findings(plan: Plan) -> list[str]:
    """Return what would make the start fail, one line each."""
    return [finding for check in CHECKS for finding in check(plan)]


def warnings(plan: Plan) -> list[str]:
    """Return what does not make the start fail, and had better be otherwise."""
    if plan.host in ("127.0.0.1", "localhost", "::1") or plan.api_key:
        return []
    return [
        f"--host {plan.host} without --api-key: whoever reaches this machine can use the model; "
        "give a key in VLLM_API_KEY, or keep to --host 127.0.0.1"
    ]
