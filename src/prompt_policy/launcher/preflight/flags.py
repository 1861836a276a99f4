"""Warn of a misspelt flag among vLLM's arguments."""

from __future__ import annotations

from collections.abc import Iterator

from prompt_policy.launcher.command import LaunchPlan
from prompt_policy.launcher.machine.vllm_flags import read_vllm_flags, suggest_flag


def warn(plan: LaunchPlan) -> Iterator[str]:
    """Find flags that the installed vLLM lacks, if one of its own is similar. A plugin may add others."""
    folder = plan.installation.folder
    if folder is None or not plan.options.args:
        return
    known = read_vllm_flags(folder)
    for argument in plan.options.args:
        if (suggestion := suggest_flag(argument, known)) is not None:
            yield f"{argument.partition('=')[0]} is not an option of this vLLM; did you mean {suggestion}?"
