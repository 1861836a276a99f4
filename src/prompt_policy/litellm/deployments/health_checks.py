"""Recognises LiteLLM's health checks, and finds the deployment that one of them checks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from prompt_policy.errors import UsageError
from prompt_policy.litellm.call import DeploymentCall
from prompt_policy.litellm.deployments.resolver import DeploymentResolver
from prompt_policy.wire import JsonObject

HEALTH_CHECK_ACCOUNT: Final = "litellm-internal-health-check"
"""LiteLLM's name of the account that sends health checks: in each of these fields of its UserAPIKeyAuth object."""
_ACCOUNT_FIELDS: Final = ("api_key", "team_id", "key_alias", "team_alias")
_CHECK_PARAMETERS: Final = frozenset({"model", "messages", "max_tokens", "reasoning_effort", "voice"})
"""Parameters that a health check replaces."""
_CHECK_MODEL: Final = "health_check_model"
_CHECK_VALUES: Final = "health_check_params"


def is_health_check(call: DeploymentCall) -> bool:
    """Return whether LiteLLM itself makes a call to check a deployment.

    A client cannot pretend to be a health check: its calls have the ``proxy_server_request`` that LiteLLM adds, and
    JSON cannot contain the object that identifies the account.
    """
    if call.kwargs.get("proxy_server_request") is not None:
        return False
    account = call.metadata.get("user_api_key_auth")
    if isinstance(account, Mapping | str):
        return False
    return all(getattr(account, field, None) == HEALTH_CHECK_ACCOUNT for field in _ACCOUNT_FIELDS)


def identify_deployment(
    call: DeploymentCall, resolver: DeploymentResolver, deployments: Iterable[Mapping[str, Any]]
) -> DeploymentCall | None:
    """Return a health check with the alias and ``model_info`` of its deployment, which LiteLLM does not pass on.

    Return None if no deployment has its parameters, or several with different policies have.
    """
    rows = [row for row in deployments if _has_parameters(row, call.kwargs)]
    if not rows:
        return None
    found = [call._replace(alias=str(row.get("model_name")), model_info=row.get("model_info") or {}) for row in rows]
    policies = {_name_policy(each, resolver) for each in found}
    return found[0] if len(policies) == 1 else None


def _name_policy(call: DeploymentCall, resolver: DeploymentResolver) -> str | None:
    try:
        pipeline = resolver.resolve(call)
    except UsageError as error:
        return str(error)
    return pipeline.name if pipeline else None


def _has_parameters(row: Mapping[str, Any], kwargs: JsonObject) -> bool:
    """Return whether a health check has the ``litellm_params`` of a row, apart from those that it replaces."""
    parameters, info = row.get("litellm_params") or {}, row.get("model_info") or {}
    if kwargs.get("model") != (info.get(_CHECK_MODEL) or parameters.get("model")):
        return False
    replaced = _CHECK_PARAMETERS | set(info.get(_CHECK_VALUES) or ())
    return all(kwargs[key] == value for key, value in parameters.items() if key in kwargs and key not in replaced)
