"""The policies of a host that sees bytes: which pipeline a request's model gets."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from weakref import WeakValueDictionary

from prompt_policy.policy.document import Policy
from prompt_policy.policy.load import load_paths
from prompt_policy.policy.select import PolicySet
from prompt_policy.runtime.pipeline import Pipeline
from prompt_policy.runtime.report import Reporter, reporter_of
from prompt_policy.runtime.store import Fixed, Source, Store

log = logging.getLogger("prompt_policy")

PATH_VARIABLE: Final = "PROMPT_POLICY_PATH"
NAME_VARIABLE: Final = "PROMPT_POLICY_NAME"
_WARNED_AT_MOST: Final = 1000
_SHOWN_OF_NAME: Final = 200
_STORES: Final[WeakValueDictionary[tuple[tuple[str, ...], str | None, float], Store[Policing]]] = WeakValueDictionary()

Policies = str | os.PathLike[str] | PolicySet | Policy | None
"""What a host may be given: a path or a shipped name, a set, one policy; None for what the environment says."""


class Policing:
    """A set of policies, compiled. May be used from any thread.

    Arguments:
        policies: the set to choose from.
        name: the policy for every request, whatever its model; None: chosen by the model's name.
        reporter: tells what was done.

    Raise UsageError where no policy has the name.
    """

    def __init__(self, policies: PolicySet, name: str | None = None, reporter: Reporter | None = None) -> None:
        self.policies = policies
        self.reporter = reporter or Reporter()
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
        shown = model[:_SHOWN_OF_NAME]
        if shown not in self._warned and len(self._warned) < _WARNED_AT_MOST:
            self._warned.add(shown)
            log.warning("model %r: NO policy, because no pattern matches", shown)
        return None

    def __str__(self) -> str:
        if self._bound is not None:
            return f"policy {self._bound.name}@{self._bound.hash} for every request"
        names = ", ".join(f"{pipeline.name}@{pipeline.hash}" for pipeline in self._pipelines.values())
        return f"chosen by the model's name from {names or 'no policies'}"


def policing_of(policies: Policies, name: str | None, environment: Mapping[str, str]) -> Source[Policing]:
    """Return where a host gets from what it was told to enforce; files are followed as they change.

    Arguments:
        policies: a set, one policy, which then holds for every request, or a path or shipped name; None: the
            paths in PROMPT_POLICY_PATH, else the shipped library.
        name: the policy for every request; None: PROMPT_POLICY_NAME, else by the model's name.
        environment: the variables to look into.

    Raise LoadError or UsageError.
    """
    name = name or environment.get(NAME_VARIABLE) or None
    reporter = reporter_of(environment)
    if isinstance(policies, PolicySet):
        return Fixed(Policing(policies, name, reporter))
    if isinstance(policies, Policy):
        return Fixed(Policing(PolicySet([policies]), policies.name, reporter))
    if policies is not None:
        paths = [os.fspath(policies)]
    else:
        paths = [path for path in environment.get(PATH_VARIABLE, "").split(os.pathsep) if path]
    if not paths:
        return Fixed(Policing(load_paths([]), name, reporter))
    return _followed(tuple(_absolute(path) for path in paths), name, reporter)


def _absolute(path: str) -> str:
    """Return a path that stays right when the process goes elsewhere; a shipped name stays a name."""
    return str(Path(path).absolute()) if Path(path).exists() else path


def _followed(paths: tuple[str, ...], name: str | None, reporter: Reporter) -> Store[Policing]:
    """Return the store of some files: the one that another client has already, as long as it is fresh."""
    key = (paths, name, reporter.sample)
    store = _STORES.get(key)
    if store is None or not store.is_fresh:
        store = _STORES[key] = Store(paths, lambda policies: Policing(policies, name, reporter))
    return store
