"""Whether the vLLM that is there is new enough."""

from __future__ import annotations

import re
from collections.abc import Iterator

from prompt_policy.launcher.command import Plan
from prompt_policy.launcher.installed import OLDEST


def check(plan: Plan) -> Iterator[str]:
    """Find a vLLM older than the options are."""
    version = plan.installed.version
    found = re.match(r"(\d+)\.(\d+)", version or "")
    if found and (int(found[1]), int(found[2])) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        yield f"vLLM {version} is too old for these options: upgrade it to {oldest} or newer"
