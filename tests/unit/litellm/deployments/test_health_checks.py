"""Tests of the recognition of health checks; tests/integration/litellm_proxy/operators runs real ones."""

from __future__ import annotations

from typing import Any

import pytest
from litellm.litellm_core_utils.health_check_helpers import HealthCheckHelpers
from litellm.proxy._types import UserAPIKeyAuth

from prompt_policy import PolicySet
from prompt_policy.litellm.call import DeploymentCall
from prompt_policy.litellm.deployments.health_checks import (
    HEALTH_CHECK_ACCOUNT,
    identify_deployment,
    is_health_check,
)
from prompt_policy.litellm.deployments.resolver import DeploymentResolver
from tests.support.policies import clamp, policy_of

RESOLVER = DeploymentResolver(PolicySet([policy_of(clamp(n={"max": 1}), name=name) for name in ("one", "two")]))


def build_check(**keys: Any) -> DeploymentCall:
    """Return a call as LiteLLM itself makes it for a health check."""
    parameters = {"model": "hosted_vllm/acme", "api_base": "http://a", "messages": [], "max_tokens": 16, **keys}
    update = vars(HealthCheckHelpers)["_update_model_params_with_health_check_tracking_information"].__func__
    return DeploymentCall.from_kwargs(update(parameters))


def build_row(alias: str = "a", **model_info: Any) -> dict[str, Any]:
    parameters = {"model": "hosted_vllm/acme", "api_base": "http://a", "max_tokens": 9999}
    return {"model_name": alias, "litellm_params": parameters, "model_info": model_info}


def test_a_health_check_of_litellm_is_recognised() -> None:
    assert is_health_check(build_check())


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"tags": [HEALTH_CHECK_ACCOUNT]},
        {"user_api_key_auth": HEALTH_CHECK_ACCOUNT},
        {"user_api_key_auth": {"api_key": HEALTH_CHECK_ACCOUNT, "key_alias": HEALTH_CHECK_ACCOUNT}},
        {"user_api_key_auth": dict.fromkeys(("api_key", "team_id", "key_alias", "team_alias"), HEALTH_CHECK_ACCOUNT)},
        {"user_api_key_auth": UserAPIKeyAuth(key_alias=HEALTH_CHECK_ACCOUNT, team_alias=HEALTH_CHECK_ACCOUNT)},
    ],
)
@pytest.mark.parametrize("key", ["metadata", "litellm_metadata"])
def test_other_calls_are_not_health_checks(key: str, metadata: dict[str, Any]) -> None:
    assert not is_health_check(DeploymentCall.from_kwargs({"model": "hosted_vllm/acme", key: metadata}))


def test_a_request_of_a_client_is_not_a_health_check_whatever_its_account() -> None:
    check = build_check()
    for request in ({}, {"url": "http://localhost/v1/chat/completions", "headers": {}, "body": {}}):
        assert not is_health_check(DeploymentCall.from_kwargs({**check.kwargs, "proxy_server_request": request}))


def test_deployment_is_found_by_its_parameters() -> None:
    other = {**build_row("b", prompt_policy="two"), "litellm_params": {"model": "hosted_vllm/acme", "api_base": "b"}}
    found = identify_deployment(build_check(), RESOLVER, [other, build_row(prompt_policy="one", id="1")])
    assert found is not None
    assert (found.alias, found.model_info) == ("a", {"prompt_policy": "one", "id": "1"})


def test_parameters_that_a_check_replaces_are_not_compared() -> None:
    row = build_row(prompt_policy="one", health_check_model="hosted_vllm/small", health_check_params={"seed": 1})
    row["litellm_params"] |= {"seed": 2, "reasoning_effort": "high"}
    check = build_check(model="hosted_vllm/small", seed=1, reasoning_effort="low")
    assert identify_deployment(check, RESOLVER, [row]) is not None
    assert identify_deployment(build_check(model="hosted_vllm/other"), RESOLVER, [row]) is None


@pytest.mark.parametrize("bindings", [("one", "two"), ("one", "none"), ("one", "gone"), ("one", 5)])
def test_several_deployments_with_different_policies_identify_none(bindings: tuple[Any, Any]) -> None:
    rows = [build_row(str(binding), prompt_policy=binding) for binding in bindings]
    assert identify_deployment(build_check(), RESOLVER, rows) is None


def test_several_deployments_with_the_same_policy_identify_one() -> None:
    rows = [build_row("a", prompt_policy="one"), build_row("b", prompt_policy="one")]
    assert identify_deployment(build_check(), RESOLVER, rows) is not None
    assert identify_deployment(build_check(), RESOLVER, []) is None
