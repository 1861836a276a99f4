"""The hooks by themselves; in a real proxy they run in tests/e2e."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from litellm.types.utils import CallTypes

from prompt_policy import load_paths
from prompt_policy.litellm.binding import Binding
from prompt_policy.litellm.host import PolicyCallback
from prompt_policy.litellm.refusal import PolicyRefused
from prompt_policy.runtime.store import Fixed
from tests.support import MODEL, chat

HOOKS = (
    "async_pre_call_hook",
    "async_pre_call_deployment_hook",
    "async_post_call_success_hook",
    "async_post_call_streaming_iterator_hook",
    "async_post_call_response_headers_hook",
)


def kwargs(**keys: Any) -> dict[str, Any]:
    logging_obj = SimpleNamespace(model_call_details={})
    return {**chat("Hi"), "model": f"hosted_vllm/{MODEL}", "litellm_logging_obj": logging_obj, **keys}


@pytest.fixture
def callback() -> PolicyCallback:
    return PolicyCallback(Fixed(Binding(load_paths([]))))


def test_every_hook_stands_in_the_leaf_class() -> None:
    """LiteLLM finds several of them nowhere else."""
    assert set(HOOKS) <= set(vars(PolicyCallback))
    assert "async_post_call_streaming_hook" not in vars(PolicyCallback)  # it costs on every chunk


async def test_a_request_is_copied_and_changed(callback: PolicyCallback) -> None:
    data = kwargs(temperature=1.3)
    changed = await callback.async_pre_call_deployment_hook(data, CallTypes.acompletion)
    assert changed is not None
    assert (changed["temperature"], data["temperature"]) == (0.7, 1.3)
    assert len(data["messages"]) == 1
    headers = await callback.async_post_call_response_headers_hook(data, None, None)
    assert headers is not None
    assert headers["x-prompt-policy-applied"] == "sampling,start-thinking"


@pytest.mark.parametrize("call_type", [CallTypes.anthropic_messages, CallTypes.aembedding, CallTypes.completion, None])
async def test_other_calls_are_left_alone(callback: PolicyCallback, call_type: Any) -> None:
    assert await callback.async_pre_call_deployment_hook(kwargs(), call_type) is None


@pytest.mark.parametrize(
    ("route", "call_type"),
    [
        ("/v1beta/models/x:generateContent", CallTypes.acompletion),
    ],
)
async def test_a_route_whose_answers_are_not_policed_passes_whole_with_one_warning(
    callback: PolicyCallback, route: str, call_type: Any, caplog: pytest.LogCaptureFixture
) -> None:
    data = kwargs(temperature=1.3, proxy_server_request={"url": f"http://localhost:4000{route}?beta=true"})
    for _ in range(2):
        assert await callback.async_pre_call_deployment_hook(data, call_type) is None
    assert [record.getMessage() for record in caplog.records] == [f"requests to {route} pass without any policy"]


async def test_a_fallback_without_a_policy_clears_the_state(callback: PolicyCallback) -> None:
    data = kwargs()
    await callback.async_pre_call_deployment_hook(data, CallTypes.acompletion)
    assert await callback.async_pre_call_deployment_hook({**data, "model": "acme-120b"}, CallTypes.acompletion) is None
    assert await callback.async_post_call_response_headers_hook(data, None, None) is None
    answer = object()
    assert await callback.async_post_call_success_hook(data, None, answer) is answer


async def test_a_refusal_is_raised(callback: PolicyCallback) -> None:
    with pytest.raises(PolicyRefused) as caught:
        await callback.async_pre_call_deployment_hook(kwargs(temperature="hot"), CallTypes.acompletion)
    assert caught.value.param == "temperature"


async def test_once_refused_a_request_is_refused_by_every_model_that_is_tried_next(callback: PolicyCallback) -> None:
    data = kwargs(temperature="hot")
    for model in (data["model"], "acme-120b", data["model"]):
        with pytest.raises(PolicyRefused):
            await callback.async_pre_call_deployment_hook({**data, "model": model}, CallTypes.acompletion)


async def test_a_deployment_bound_to_a_policy_that_is_not_there_is_refused(callback: PolicyCallback) -> None:
    with pytest.raises(PolicyRefused, match="not there"):
        await callback.async_pre_call_deployment_hook(
            kwargs(model_info={"prompt_policy": "gone"}), CallTypes.acompletion
        )


async def test_a_client_is_not_led_around_the_policy_and_the_log_says_so_once(
    callback: PolicyCallback, caplog: pytest.LogCaptureFixture
) -> None:
    asked = {"additional_drop_params": ["temperature"], "extra_body": {"model": "other", "top_k": 5}}
    for model in (f"hosted_vllm/{MODEL}", "acme-120b"):
        data = kwargs(**asked, model=model, proxy_server_request={"body": asked})
        sent = await callback.async_pre_call_deployment_hook(data, CallTypes.acompletion)
        assert sent is not None
        assert "additional_drop_params" not in sent
        assert sent["extra_body"] == {"top_k": 5}
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [
        f"a client's {detour} is not granted: it would lead around the policy"
        for detour in ("additional_drop_params", "extra_body.model")
    ]


async def test_clients_cannot_fill_memory_or_the_log_with_routes(
    callback: PolicyCallback, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(300):
        route = f"/v1beta/models/{number}\x1b[2J{'x' * 5000}:generateContent"
        data = kwargs(proxy_server_request={"url": f"http://localhost:4000{route}"})
        assert await callback.async_pre_call_deployment_hook(data, CallTypes.acompletion) is None
    assert len(caplog.records) == 100
    assert all(len(record.getMessage()) < 300 and record.getMessage().isprintable() for record in caplog.records)


async def test_pass_through_routes_are_warned_of_once(
    callback: PolicyCallback, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        assert await callback.async_pre_call_deployment_hook(kwargs(), CallTypes.allm_passthrough_route) is None
    assert [record.getMessage() for record in caplog.records] == [
        "requests to LiteLLM's pass-through routes pass without any policy"
    ]
