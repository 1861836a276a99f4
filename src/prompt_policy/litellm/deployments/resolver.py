"""Selects a deployment's policy: its explicit binding, then the real model's name, then the public alias."""

from __future__ import annotations

from typing import Any

from prompt_policy.errors import UsageError
from prompt_policy.litellm.call import DeploymentCall, check_stated_backend
from prompt_policy.litellm.deployments.binding import POLICY_KEY, read_binding
from prompt_policy.litellm.releases.router import list_deployments
from prompt_policy.policy.names.selection import PolicySet, Selected
from prompt_policy.runtime import Pipeline
from prompt_policy.runtime.decision import EXEMPT, NO_MATCH
from prompt_policy.wire import JsonObject


class DeploymentResolver:
    """A compiled set of policies that selects the pipeline of each deployment. Immutable."""

    def __init__(self, policies: PolicySet) -> None:
        self.policies = policies
        self._pipelines = {policy.name: Pipeline(policy) for policy in policies.policies}

    def select(self, model: str, alias: str | None, model_info: JsonObject) -> Selected | None:
        """Return the policy of a deployment with the reason, or None if no pattern matches or it is exempt.

        Raise UsageError if the deployment is bound to a policy that is not in the set, its binding is invalid, or it
        states an unknown backend.
        """
        binding = read_binding(model_info)
        if binding.is_exempt:
            return None
        check_stated_backend(model_info)
        if binding.policy is not None:
            return Selected(self.policies.get(binding.policy), f"model_info.{POLICY_KEY} names it")
        return self.policies.select(model, alias)

    def resolve(self, call: DeploymentCall) -> Pipeline | None:
        """Return the pipeline for a call's deployment. Raise UsageError, which names it, as ``select`` does."""
        try:
            return self._get_pipeline(call.model, call.alias, call.model_info)
        except UsageError as error:
            raise UsageError(f"deployment {call.alias or call.model}: {error}") from None

    def explain(self, call: DeploymentCall) -> str:
        """Return the reason why a policy, or none, applies to a call's deployment. Raise UsageError as ``select``."""
        selected = self.select(call.model, call.alias, call.model_info)
        if selected is not None:
            return selected.reason
        return EXEMPT if read_binding(call.model_info).is_exempt else NO_MATCH

    def resolve_alias(self, alias: object) -> Pipeline | None:
        """Return the pipeline that all deployments of a public alias share, or None."""
        if not isinstance(alias, str):
            return None
        try:
            found = {self._resolve_row(row, alias) for row in list_deployments(alias)}
        except UsageError:  # the deployment hook refuses the request with the reason
            return None
        return found.pop() if len(found) == 1 else None

    def _resolve_row(self, row: Any, alias: str) -> Pipeline | None:
        model = (row.get("litellm_params") or {}).get("model") or ""
        return self._get_pipeline(alias if "*" in model else model, alias, row.get("model_info") or {})

    def _get_pipeline(self, model: str, alias: str | None, model_info: JsonObject) -> Pipeline | None:
        selected = self.select(model, alias, model_info)
        return self._pipelines[selected.policy.name] if selected else None
