"""Tests that a client cannot bypass the policy by LiteLLM's own parameters."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from litellm import Router

from prompt_policy.litellm.blocked_overrides.keywords import load_blocked_keywords
from prompt_policy.litellm.blocked_overrides.removal import (
    describe_override,
    find_overrides,
    forget_overrides,
    strip_overrides,
)
from prompt_policy.litellm.call import DeploymentCall


def build_call(_litellm_keys: Any = None, **parameters: Any) -> DeploymentCall:
    kwargs = {"model": "hosted_vllm/m", "temperature": 0.6, **parameters, "proxy_server_request": {"body": parameters}}
    return DeploymentCall.from_kwargs(kwargs | (_litellm_keys or {}))


def test_ordinary_request_has_no_overrides() -> None:
    assert find_overrides(build_call(extra_body={"top_k": 5}, drop_params=True)) == ()
    sdk = {"additional_drop_params": ["seed"], "extra_body": {"model": "x"}}  # without a proxy, there is no client
    assert find_overrides(DeploymentCall.from_kwargs(sdk)) == ()


@pytest.mark.parametrize("request_", [None, "x", {}, {"body": None}, {"body": "x"}, {"body": {"extra_body": "x"}}])
def test_invalid_body_has_no_overrides(request_: Any) -> None:
    assert find_overrides(DeploymentCall.from_kwargs({"proxy_server_request": request_})) == ()


def test_only_the_model_is_removed_from_extra_body() -> None:
    call = build_call(extra_body={"model": "other", "top_k": 5})
    before = copy.deepcopy(call)
    overrides = find_overrides(call)
    assert overrides == ("extra_body.model",)
    assert strip_overrides(call, overrides) == {**call.kwargs, "extra_body": {"top_k": 5}}
    assert call == before


def test_additional_drop_params_of_a_client_are_removed() -> None:
    call = build_call(additional_drop_params=["temperature"])
    cleaned = strip_overrides(call, find_overrides(call))
    assert "additional_drop_params" not in cleaned
    assert cleaned["temperature"] == 0.6


def test_additional_drop_params_of_the_deployment_are_restored(monkeypatch: pytest.MonkeyPatch) -> None:
    from litellm.proxy import proxy_server

    parameters = {"model": "hosted_vllm/m", "api_base": "http://127.0.0.1:1/v1", "additional_drop_params": ["seed"]}
    listed = {"model_name": "m", "litellm_params": parameters, "model_info": {"id": "1"}}
    monkeypatch.setattr(proxy_server, "llm_router", Router(model_list=[listed]))
    call = build_call({"model_info": {"id": "1"}}, additional_drop_params=["temperature"])
    assert strip_overrides(call, find_overrides(call))["additional_drop_params"] == ["seed"]


@pytest.mark.parametrize("name", [*sorted({*load_blocked_keywords()} - {"_*", "prompt_id"}), "_invented"])
def test_blocked_keyword_of_a_client_is_removed(name: str) -> None:
    call = build_call(**{name: "x"})
    assert find_overrides(call) == (name,)
    assert name not in strip_overrides(call, (name,))


@pytest.mark.parametrize("name", ["temperature", "metadata", "fallbacks", "top_k", "chat_template_kwargs", "invented"])
def test_other_parameters_stay(name: str) -> None:
    assert find_overrides(build_call(**{name: "x"})) == ()


def test_without_a_policy_only_other_models_and_drops_are_closed() -> None:
    keywords = {"deployment_id": "x", "litellm_system_prompt": "x", "additional_drop_params": ["seed"], "_internal": 1}
    call = build_call(**keywords, extra_body={"model": "x", "models": ["x"], "top_k": 1})
    assert set(find_overrides(call, has_policy=False)) == {
        "deployment_id", "additional_drop_params", "extra_body.model", "extra_body.models",
    }  # fmt: skip


def test_calls_that_litellm_makes_of_a_call_keep_its_own_keywords() -> None:
    call = build_call(custom_llm_provider="azure", extra_body={"model": "x"})
    overrides = find_overrides(call)
    cleaned = forget_overrides(strip_overrides(call, overrides), overrides)
    inner = DeploymentCall.from_kwargs({**cleaned, "custom_llm_provider": "hosted_vllm"})
    assert find_overrides(inner) == ()
    assert call.client_body["custom_llm_provider"] == "azure"


@pytest.mark.parametrize("request_", [None, "x", {}, {"body": None}])
def test_call_without_a_client_is_unchanged(request_: Any) -> None:
    kwargs = {"proxy_server_request": request_}
    assert forget_overrides(kwargs, ("azure",)) is kwargs


@pytest.mark.parametrize(
    ("override", "text"),
    [("deployment_id", "deployment_id"), ("extra_body.model", "extra_body.model"), ("_a\nsecret", "_*"),
     ("extra_body.models", "extra_body.models")],
)  # fmt: skip
def test_log_contains_no_name_that_a_client_invented(override: str, text: str) -> None:
    assert describe_override(override) == text


def test_removal_takes_linear_time_for_hostile_bodies() -> None:
    call = build_call(**{f"_{number}": 1 for number in range(20_000)})
    assert set(strip_overrides(call, find_overrides(call))) == {"model", "temperature", "proxy_server_request"}
