"""Tests of the hooks alone; tests/integration/litellm_proxy runs them in a real proxy."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from litellm.litellm_core_utils.health_check_helpers import HealthCheckHelpers
from litellm.types.utils import CallTypes

from prompt_policy import PolicySet, load_paths
from prompt_policy.litellm.deployments.resolver import DeploymentResolver
from prompt_policy.litellm.errors.proxy import RejectedProxyRequestError
from prompt_policy.litellm.hooks import PolicyCallback
from prompt_policy.runtime.hot_reload import StaticPolicies
from tests.support.policies import MODEL, chat, policy_of

HOOKS = (
    "async_pre_call_hook",
    "async_pre_call_deployment_hook",
    "async_post_call_success_hook",
    "async_post_call_streaming_iterator_hook",
    "async_post_call_response_headers_hook",
)


def build_kwargs(**keys: Any) -> dict[str, Any]:
    logging_obj = SimpleNamespace(model_call_details={})
    request = {"url": "http://localhost:4000/v1/chat/completions"}
    own = {"model": f"hosted_vllm/{MODEL}", "litellm_logging_obj": logging_obj, "proxy_server_request": request}
    return {**chat("Hi"), **own, **keys}


@pytest.fixture
def callback() -> PolicyCallback:
    return PolicyCallback(StaticPolicies(DeploymentResolver(load_paths([]))))


def test_every_hook_is_defined_in_the_leaf_class() -> None:
    """LiteLLM looks several of them up nowhere else."""
    assert set(HOOKS) <= set(vars(PolicyCallback))
    assert "async_post_call_streaming_hook" not in vars(PolicyCallback)  # it costs on every chunk


async def test_request_is_copied_and_changed(callback: PolicyCallback) -> None:
    data = build_kwargs(temperature=1.3)
    changed = await callback.async_pre_call_deployment_hook(data, CallTypes.acompletion)
    assert changed is not None
    assert (changed["temperature"], data["temperature"]) == (0.7, 1.3)
    assert len(data["messages"]) == 1
    headers = await callback.async_post_call_response_headers_hook(data, None, None)
    assert headers is not None
    assert headers["x-prompt-policy-applied"] == "sampling,start-thinking"


@pytest.mark.parametrize("call_type", [CallTypes.aembedding, CallTypes.completion, None])
async def test_calls_of_other_types_are_ignored(callback: PolicyCallback, call_type: Any) -> None:
    assert await callback.async_pre_call_deployment_hook(build_kwargs(), call_type) is None


@pytest.mark.parametrize(
    ("route", "call_type"),
    [
        ("/v1beta/models/x:generateContent", CallTypes.acompletion),
    ],
)
async def test_uncovered_route_passes_with_one_warning(
    callback: PolicyCallback, route: str, call_type: Any, caplog: pytest.LogCaptureFixture
) -> None:
    data = build_kwargs(temperature=1.3, proxy_server_request={"url": f"http://localhost:4000{route}?beta=true"})
    for _ in range(2):
        assert await callback.async_pre_call_deployment_hook(data, call_type) is None
    assert [record.getMessage() for record in caplog.records] == [f"requests to {route} are not covered by any policy"]


async def test_fallback_without_a_policy_clears_the_state(callback: PolicyCallback) -> None:
    data = build_kwargs()
    await callback.async_pre_call_deployment_hook(data, CallTypes.acompletion)
    assert await callback.async_pre_call_deployment_hook({**data, "model": "acme-120b"}, CallTypes.acompletion) is None
    assert await callback.async_post_call_response_headers_hook(data, None, None) is None
    answer = object()
    assert await callback.async_post_call_success_hook(data, None, answer) is answer


async def test_rejection_is_raised(callback: PolicyCallback) -> None:
    with pytest.raises(RejectedProxyRequestError) as caught:
        await callback.async_pre_call_deployment_hook(build_kwargs(temperature="hot"), CallTypes.acompletion)
    assert caught.value.param == "temperature"


async def test_rejected_request_is_rejected_by_every_fallback(callback: PolicyCallback) -> None:
    data = build_kwargs(temperature="hot")
    for model in (data["model"], "acme-120b", data["model"]):
        with pytest.raises(RejectedProxyRequestError):
            await callback.async_pre_call_deployment_hook({**data, "model": model}, CallTypes.acompletion)


async def test_deployment_bound_to_a_missing_policy_is_rejected(callback: PolicyCallback) -> None:
    with pytest.raises(RejectedProxyRequestError, match="model_info is wrong: deployment"):
        await callback.async_pre_call_deployment_hook(
            build_kwargs(model_info={"prompt_policy": "gone"}), CallTypes.acompletion
        )


def build_health_check() -> dict[str, Any]:
    """Return the arguments of a health check as LiteLLM itself builds them."""
    update = vars(HealthCheckHelpers)["_update_model_params_with_health_check_tracking_information"].__func__
    checked: dict[str, Any] = update(build_kwargs(temperature=1.3, proxy_server_request=None))
    return checked


async def test_no_policy_applies_to_health_checks(callback: PolicyCallback, caplog: pytest.LogCaptureFixture) -> None:
    assert await callback.async_pre_call_deployment_hook(build_health_check(), CallTypes.acompletion) is None
    assert caplog.records == []


async def test_health_checks_are_covered_if_a_setting_demands_it(monkeypatch: pytest.MonkeyPatch) -> None:
    callback = PolicyCallback(StaticPolicies(DeploymentResolver(load_paths([]))), covers_health_checks=True)
    row = {"model_name": "r1", "litellm_params": {"model": f"hosted_vllm/{MODEL}"}, "model_info": {}}
    rows = [row]
    monkeypatch.setattr("prompt_policy.litellm.hooks.list_deployments", lambda: rows)
    checked = await callback.async_pre_call_deployment_hook(build_health_check(), CallTypes.acompletion)
    assert checked is not None
    assert checked["temperature"] == 0.7
    row["model_info"] = {"prompt_policy": "none"}
    assert await callback.async_pre_call_deployment_hook(build_health_check(), CallTypes.acompletion) is None
    rows.clear()
    assert await callback.async_pre_call_deployment_hook(build_health_check(), CallTypes.acompletion) is None


async def test_headers_of_an_error_name_the_policy_of_the_last_attempt(callback: PolicyCallback) -> None:
    """LiteLLM has removed the logging object from the data by then."""
    data = build_kwargs(temperature=1.3)
    await callback.async_pre_call_hook(None, None, data, "acompletion")
    await callback.async_pre_call_deployment_hook(data, CallTypes.acompletion)
    del data["litellm_logging_obj"]
    headers = await callback.async_post_call_response_headers_hook(data, None, None)
    assert headers is not None
    assert headers["x-prompt-policy-applied"] == "sampling,start-thinking"


async def test_overrides_of_a_client_are_removed_and_logged_once(
    callback: PolicyCallback, caplog: pytest.LogCaptureFixture
) -> None:
    parameters = {"additional_drop_params": ["temperature"], "extra_body": {"model": "other", "top_k": 5}}
    for model in (f"hosted_vllm/{MODEL}", "acme-120b"):
        data = build_kwargs(**parameters, model=model, proxy_server_request={"body": parameters})
        sent = await callback.async_pre_call_deployment_hook(data, CallTypes.acompletion)
        assert sent is not None
        assert "additional_drop_params" not in sent
        assert sent["extra_body"] == {"top_k": 5}
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [
        f"ignored client-supplied {override}: it would bypass the policy"
        for override in ("additional_drop_params", "extra_body.model")
    ]


async def test_warnings_about_routes_are_limited(callback: PolicyCallback, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(300):
        route = f"/v1beta/models/{number}\x1b[2J{'x' * 5000}:generateContent"
        data = build_kwargs(proxy_server_request={"url": f"http://localhost:4000{route}"})
        assert await callback.async_pre_call_deployment_hook(data, CallTypes.acompletion) is None
    assert len(caplog.records) == 100
    assert all(len(record.getMessage()) < 300 and record.getMessage().isprintable() for record in caplog.records)


async def test_pass_through_routes_cause_one_warning(
    callback: PolicyCallback, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        assert await callback.async_pre_call_deployment_hook(build_kwargs(), CallTypes.allm_passthrough_route) is None
    assert [record.getMessage() for record in caplog.records] == [
        "requests to LiteLLM's pass-through routes are not covered by any policy"
    ]


MARKED = {"proxy_server_request": {"url": "/v1/chat/completions", "headers": {"x-prompt-policy-doctor": "d"}}}


@pytest.mark.parametrize(
    ("model", "policy", "reason"),
    [
        (f"hosted_vllm/{MODEL}", "deepseek-r1-distill@", "its name matches *DeepSeek-R1-Distill-*"),
        ("hosted_vllm/acme-120b", "none", "no pattern matches"),
    ],
)
async def test_the_doctor_receives_the_policy_and_the_reason(
    callback: PolicyCallback, model: str, policy: str, reason: str
) -> None:
    data = {**build_kwargs(**MARKED), "model": model}
    await callback.async_pre_call_deployment_hook(data, CallTypes.acompletion)
    asked = await callback.async_post_call_response_headers_hook(data, None, None, {"x-prompt-policy-doctor": "d"})
    assert asked is not None
    assert asked["x-prompt-policy"].startswith(policy)
    assert asked["x-prompt-policy-reason"] == reason
    assert asked["x-prompt-policy-host"].startswith("litellm/1.")


async def test_other_requests_receive_no_diagnosis(callback: PolicyCallback) -> None:
    for model in (MODEL, "acme-120b"):
        data = build_kwargs(model=f"hosted_vllm/{model}")
        await callback.async_pre_call_deployment_hook(data, CallTypes.acompletion)
        headers = await callback.async_post_call_response_headers_hook(data, None, None, {"user-agent": "x"}) or {}
        assert set(headers) <= {"x-prompt-policy", "x-prompt-policy-applied", "x-prompt-policy-changed"}
        assert headers.get("x-prompt-policy") != "none"


async def test_the_doctor_receives_only_the_host_before_a_deployment_is_chosen(callback: PolicyCallback) -> None:
    headers = await callback.async_post_call_response_headers_hook({}, None, None, {"x-prompt-policy-doctor": "d"})
    assert set(headers or {}) == {"x-prompt-policy-host"}


async def test_the_doctor_receives_the_latest_attempts_reason(callback: PolicyCallback) -> None:
    """A fallback to a model without a policy must not keep the first model's reason."""
    data = build_kwargs(**MARKED)
    await callback.async_pre_call_deployment_hook(data, CallTypes.acompletion)
    await callback.async_pre_call_deployment_hook({**data, "model": "hosted_vllm/acme-120b"}, CallTypes.acompletion)
    headers = await callback.async_post_call_response_headers_hook(data, None, None, {"x-prompt-policy-doctor": "d"})
    assert headers is not None
    assert (headers["x-prompt-policy"], headers["x-prompt-policy-reason"]) == ("none", "no pattern matches")


async def test_the_doctor_receives_the_rule_that_refuses() -> None:
    policy = policy_of({"kind": "reject", "message": "no"}, applies_to={"models": ["*"]})
    callback = PolicyCallback(StaticPolicies(DeploymentResolver(PolicySet([policy]))))
    with pytest.raises(RejectedProxyRequestError) as refused:
        await callback.async_pre_call_deployment_hook(build_kwargs(**MARKED), CallTypes.acompletion)
    assert refused.value.headers is not None
    assert refused.value.headers["x-prompt-policy-rules"].endswith("=refused")


async def test_call_that_was_not_converted_is_reported(
    callback: PolicyCallback, caplog: pytest.LogCaptureFixture
) -> None:
    data = build_kwargs()
    await callback.async_pre_call_deployment_hook(data, CallTypes.anthropic_messages)
    assert await callback.async_post_call_response_headers_hook(data, None, object()) is None
    assert "no policy applied to it" in caplog.text
