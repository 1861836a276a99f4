"""Check that there is a vLLM, and that it is new enough."""

from __future__ import annotations

import re
from collections.abc import Iterator

from prompt_policy.launcher.command import LaunchPlan
from prompt_policy.launcher.machine.vllm_install import MIN_VLLM_VERSION


def check(plan: LaunchPlan) -> Iterator[str]:
    """Find a vLLM that is missing, or older than the launcher supports."""
    if plan.installation.problem:
        yield plan.installation.problem
    version = plan.installation.version
    match = re.match(r"(\d+)\.(\d+)", version or "")
    if match and (int(match[1]), int(match[2])) < MIN_VLLM_VERSION:
        oldest = ".".join(map(str, MIN_VLLM_VERSION))
        yield f"vLLM {version} is too old for these options; upgrade it to {oldest} or newer"
