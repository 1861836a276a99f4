"""Resolves the policy of a request by its model name, for hosts that see bytes."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final
from weakref import WeakValueDictionary

from prompt_policy.conditions.context import DOCTOR_HEADER, SKIP_HEADER, TASK_HEADER
from prompt_policy.policy.loader import load_paths
from prompt_policy.policy.model import Policy
from prompt_policy.policy.names.selection import PolicySet
from prompt_policy.runtime.decision import NO_MATCH
from prompt_policy.runtime.hot_reload import PolicyProvider, StaticPolicies, WatchedPolicies
from prompt_policy.runtime.pipeline import Pipeline
from prompt_policy.runtime.telemetry import DecisionReporter, create_reporter

log = logging.getLogger("prompt_policy")

PATH_VARIABLE: Final = "PROMPT_POLICY_PATH"
NAME_VARIABLE: Final = "PROMPT_POLICY_NAME"
PROFILES_VARIABLE: Final = "PROMPT_POLICY_PROFILES"
HEADERS_READ: Final = ("content-encoding", TASK_HEADER, SKIP_HEADER, DOCTOR_HEADER)
"""The request headers that are read for every policy."""
_MAX_WARNINGS: Final = 1000
_MAX_LOGGED_NAME_CHARS: Final = 200
_WatchKey = tuple[tuple[str, ...], str | None, float, tuple[str, ...]]
_WATCHED: Final[WeakValueDictionary[_WatchKey, WatchedPolicies[PolicyResolver]]] = WeakValueDictionary()

PolicySource = str | os.PathLike[str] | PolicySet | Policy | None
"""The policies of a host: a path or a shipped name, a set, or one policy; None: as the environment configures."""


class PolicyResolver:
    """A set of compiled policies. May be used from any thread.

    Arguments:
        policies: the set to select from.
        name: the policy for every request, whatever its model; None: selected by model name.
        reporter: logs and counts decisions.

    Raise UsageError if no policy has the name.
    """

    def __init__(self, policies: PolicySet, name: str | None = None, reporter: DecisionReporter | None = None) -> None:
        self.policies = policies
        self._name = name
        self.reporter = reporter or DecisionReporter()
        self._pipelines = {policy.name: Pipeline(policy) for policy in policies.policies}
        self._fixed = self._pipelines[policies.get(name).name] if name else None
        self._warned: set[str] = set()
        conditions = {name for pipeline in self._pipelines.values() for name in pipeline.headers_read}
        self.headers_read = {name.encode(): name for name in (*HEADERS_READ, *conditions)}
        """The names of all request headers that the policies need, in lower case, as bytes and as text."""

    def __reduce__(self) -> tuple[type[PolicyResolver], tuple[PolicySet, str | None, DecisionReporter]]:
        """Pickle the policies; the receiving process compiles them again."""
        return type(self), (self.policies, self._name, self.reporter)

    def resolve(self, model: str) -> Pipeline | None:
        """Return the pipeline for a model name, or None, which is logged once for each name."""
        if self._fixed is not None:
            return self._fixed
        selected = self.policies.select(model)
        if selected is not None:
            return self._pipelines[selected.policy.name]
        shown = model[:_MAX_LOGGED_NAME_CHARS]
        if shown not in self._warned and len(self._warned) < _MAX_WARNINGS:
            self._warned.add(shown)
            log.warning("model %r: NO policy, because %s", shown, NO_MATCH)
        return None

    def explain(self, model: str) -> str:
        """Return the reason why a policy, or none, applies to a model name, as a clause."""
        if self._fixed is not None:
            return "it is set for every request"
        selected = self.policies.select(model)
        return selected.reason if selected else NO_MATCH

    def __str__(self) -> str:
        if self._fixed is not None:
            return f"policy {self._fixed.name}@{self._fixed.hash} for every request"
        names = ", ".join(f"{pipeline.name}@{pipeline.hash}" for pipeline in self._pipelines.values())
        return f"selected by model name from {names or 'no policies'}"


def create_policy_provider(
    policy: PolicySource, name: str | None, environment: Mapping[str, str], profiles: Sequence[str] | None = None
) -> PolicyProvider[PolicyResolver]:
    """Return a provider of the resolver for some policies. Policies from files are reloaded on change.

    Arguments:
        policy: a path, a shipped name, a set, or one policy, which then applies to every request; None: the paths in
            PROMPT_POLICY_PATH, or the shipped library if that is not set.
        name: the policy for every request; None: PROMPT_POLICY_NAME, or selected by model name if that is not set.
        environment: the environment variables.
        profiles: the active profiles; None: those in PROMPT_POLICY_PROFILES.

    Raise LoadError or UsageError if the policies are invalid.
    """
    name = name or environment.get(NAME_VARIABLE) or None
    reporter = create_reporter(environment)
    active = parse_profiles(environment) if profiles is None else tuple(profiles)
    if isinstance(policy, PolicySet):
        return StaticPolicies(PolicyResolver(policy.activate_profiles(active), name, reporter))
    if isinstance(policy, Policy):
        return StaticPolicies(PolicyResolver(PolicySet([policy]).activate_profiles(active), policy.name, reporter))
    paths = [os.fspath(policy)] if policy is not None else parse_policy_paths(environment)
    if not paths:
        return StaticPolicies(PolicyResolver(load_paths([]).activate_profiles(active), name, reporter))
    return _watch(tuple(make_absolute(path) for path in paths), name, reporter, active)


def parse_policy_paths(environment: Mapping[str, str]) -> list[str]:
    """Return the paths in PROMPT_POLICY_PATH, separated as in PATH; none if it is unset or empty."""
    return [path for path in environment.get(PATH_VARIABLE, "").split(os.pathsep) if path]


def parse_profiles(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the active profiles in PROMPT_POLICY_PROFILES, separated by commas; none if it is unset or empty."""
    names = environment.get(PROFILES_VARIABLE, "").split(",")
    return tuple(name.strip() for name in names if name.strip())


def make_absolute(path: str) -> str:
    """Return an absolute path, valid in every working directory; a shipped name, which is not a path, stays."""
    return str(Path(path).absolute()) if Path(path).exists() else path


def _watch(
    paths: tuple[str, ...], name: str | None, reporter: DecisionReporter, profiles: tuple[str, ...]
) -> WatchedPolicies[PolicyResolver]:
    """Return the watched policies of some files: those of another client, if they are up to date."""
    key = (paths, name, reporter.sample_rate, profiles)
    watched = _WATCHED.get(key)
    if watched is None or not watched.is_fresh:
        watched = _WATCHED[key] = WatchedPolicies(
            paths, lambda policies: PolicyResolver(policies.activate_profiles(profiles), name, reporter)
        )
    return watched
