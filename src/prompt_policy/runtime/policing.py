"""The policies of a host that sees bytes: which pipeline a request's model gets."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import Final

from prompt_policy.policy.document import Policy
from prompt_policy.policy.load import load_paths
from prompt_policy.policy.select import PolicySet
from prompt_policy.runtime.pipeline import Pipeline

log = logging.getLogger("prompt_policy")

PATH_VARIABLE: Final = "PROMPT_POLICY_PATH"
NAME_VARIABLE: Final = "PROMPT_POLICY_NAME"
_WARNED_AT_MOST: Final = 1000


class Policing:
    """A set of policies, compiled. May be used from any thread.

    Arguments:
        policies: the set to choose from.
        name: the policy for every request, whatever its model; None: chosen by the model's name.

    Raise UsageError where no policy has the name.
    """

    def __init__(self, policies: PolicySet, name: str | None = None) -> None:
        self.policies = policies
        self._pipelines = {policy.name: Pipeline(policy) for policy in policies.policies}
        self._bound = self._pipelines[policies.named(name).name] if name else None
        self._warned: set[str] = set()

    def pipeline(self, model: str) -> Pipeline | None:
        """Return the pipeline for a model's name, or None, said once for each name."""
        if self._bound is not None:
            return self._bound
        selected = self.policies.select(model)
        if selected is not None:
            return self._pipelines[selected.policy.name]
        if model not in self._warned and len(self._warned) < _WARNED_AT_MOST:
            self._warned.add(model)
            log.warning("model %r: NO policy, because no pattern matches", model)
        return None

    def __str__(self) -> str:
        if self._bound is not None:
            return f"policy {self._bound.name}@{self._bound.hash} for every request"
        names = ", ".join(f"{pipeline.name}@{pipeline.hash}" for pipeline in self._pipelines.values())
        return f"chosen by the model's name from {names or 'no policies'}"


def policing_of(
    policies: str | os.PathLike[str] | PolicySet | Policy | None,
    name: str | None,
    environment: Mapping[str, str],
) -> Policing:
    """Return what a host was told to enforce.

    Arguments:
        policies: a set, one policy, which then holds for every request, or a path or shipped name; None: the
            paths in PROMPT_POLICY_PATH, else the shipped library.
        name: the policy for every request; None: PROMPT_POLICY_NAME, else by the model's name.
        environment: the variables to look into.

    Raise LoadError or UsageError.
    """
    name = name or environment.get(NAME_VARIABLE) or None
    if isinstance(policies, PolicySet):
        return Policing(policies, name)
    if isinstance(policies, Policy):
        return Policing(PolicySet([policies]), policies.name)
    if policies is not None:
        return Policing(load_paths([os.fspath(policies)]), name)
    paths = [path for path in environment.get(PATH_VARIABLE, "").split(os.pathsep) if path]
    return Policing(load_paths(paths), name)
