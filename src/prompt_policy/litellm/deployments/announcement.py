"""Logs the policy of each deployment: at start-up, when a deployment is added, and when its policy changes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from time import thread_time
from typing import Any, Final, NamedTuple

from prompt_policy.errors import UsageError
from prompt_policy.litellm.blocked_overrides.contradictions import find_contradictions
from prompt_policy.litellm.deployments.binding import POLICY_KEY, describe_deployment, read_binding
from prompt_policy.litellm.deployments.modes import has_prompts
from prompt_policy.litellm.deployments.resolver import DeploymentResolver
from prompt_policy.litellm.releases.router import list_deployments
from prompt_policy.runtime.decision import EXEMPT, NO_MATCH

log = logging.getLogger("prompt_policy")

DEFAULT_INTERVAL_S: Final = 2.0
"""Time between two looks at the router's list; LiteLLM has no hook for a deployment that is added or removed."""
MAX_SHARE_OF_LOOP: Final = 0.005
"""Processor time of the event loop that a look may take, per second of the interval."""


class DeploymentLine(NamedTuple):
    """A line of the log about a deployment. Lines with the same key are not repeated."""

    level: int
    text: str
    key: str


class DeploymentAnnouncer:
    """Logs each line about the deployments once, and again if it no longer held in between."""

    def __init__(self) -> None:
        self._active: frozenset[str] = frozenset()

    def update(self, resolver: DeploymentResolver, deployments: Iterable[Mapping[str, Any]]) -> None:
        """Log the lines that did not hold at the previous update; equal lines of several deployments once."""
        lines = {line.key: line for row in deployments for line in list_lines(resolver, row)}
        for key, line in lines.items():
            if key not in self._active:
                log.log(line.level, "%s", line.text)
        self._active = frozenset(lines)


def list_lines(resolver: DeploymentResolver, row: Mapping[str, Any]) -> Iterator[DeploymentLine]:
    """Yield the lines about a row of the router's list: its policy, and the parameters that contradict it."""
    parameters, info = row.get("litellm_params") or {}, row.get("model_info") or {}
    name, model = describe_deployment(row), parameters.get("model") or ""
    try:
        binding = read_binding(info)
        selected = resolver.select(model, row.get("model_name"), info)
    except UsageError as error:
        yield _build_line(logging.ERROR, f"{name}: requests are refused: {error}")
        return
    if binding.is_exempt:
        yield _build_line(logging.INFO, f"{name}: no policy, because {EXEMPT}")
    elif binding.policy is None and not has_prompts(model, info):
        return
    elif binding.policy is None and "*" in model:
        yield _build_line(logging.INFO, f"{name}: its policy is selected by the model name in each request")
    elif selected is None:
        unmatched = f"{name}: NO policy, because {NO_MATCH}; bind one with model_info.{POLICY_KEY}"
        yield _build_line(logging.WARNING, unmatched)
    else:
        policy, key = selected.policy, f"{name}: policy {selected.policy.name}"
        yield DeploymentLine(logging.INFO, f"{key}@{policy.hash}, because {selected.reason}", key)
        for line in find_contradictions(parameters, policy):
            yield _build_line(logging.WARNING, f"{name}: {line}")


def _build_line(level: int, text: str) -> DeploymentLine:
    return DeploymentLine(level, text, text)


async def announce_forever(
    get_resolver: Callable[[], DeploymentResolver], interval_s: float = DEFAULT_INTERVAL_S
) -> None:
    """Log the policy of each deployment of the running proxy, and from then on the changes, until cancelled.

    Arguments:
        get_resolver: returns the current policies.
        interval_s: the time between two looks; longer if there are so many deployments that a look takes long.
    """
    announcer, last_error = DeploymentAnnouncer(), ""
    while True:
        start = thread_time()
        try:
            announcer.update(get_resolver(), list_deployments())
            last_error = ""
        except Exception as error:
            if repr(error) != last_error:
                log.exception("the deployments' policies could not be logged")
            last_error = repr(error)
        await asyncio.sleep(max(interval_s, (thread_time() - start) / MAX_SHARE_OF_LOOP))
