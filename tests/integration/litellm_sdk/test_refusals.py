"""A refused call of LiteLLM's SDK: its error, and that nothing repeats it or tries another model."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib import metadata
from typing import Any

import litellm
import pytest
from packaging.version import Version

from prompt_policy import load_paths
from prompt_policy.litellm.deployments.resolver import DeploymentResolver
from prompt_policy.litellm.hooks import PolicyCallback
from prompt_policy.runtime.hot_reload import StaticPolicies
from tests.integration.litellm_sdk.calls import (
    build_arguments,
    call_acompletion,
    call_aresponses,
    call_messages,
)
from tests.support.fake_backend import FakeBackend
from tests.support.litellm_clients import LITELLM_MARKS
from tests.support.policies import MODEL

pytestmark = list(LITELLM_MARKS)
WHOLE_AND_STREAMED = pytest.mark.parametrize("stream", [False, True])
_RELEASE = Version(metadata.version("litellm"))
REPEATS_EVERY_CALL = Version("1.106") > _RELEASE
FALLS_BACK_ALWAYS = Version("1.105") > _RELEASE
REFUSED = {"temperature": "hot"}


@pytest.fixture(autouse=True)
def _callback() -> None:
    litellm.callbacks = [PolicyCallback(StaticPolicies(DeploymentResolver(load_paths([]))))]


def check_refusal(error: litellm.BadRequestError, backend: FakeBackend) -> None:
    assert (error.status_code, error.code, error.param) == (400, "policy_violation", "temperature")
    assert error.response.headers["x-prompt-policy"].startswith("deepseek-r1-distill@")
    assert backend.bodies == []


@pytest.mark.parametrize("call", [call_acompletion, call_aresponses, call_messages])
@WHOLE_AND_STREAMED
async def test_refusal_is_litellms_bad_request_error(
    call: Callable[..., Awaitable[str]], stream: bool, backend: FakeBackend
) -> None:
    with pytest.raises(litellm.BadRequestError) as caught:
        await call(stream=stream, **build_arguments(backend, **REFUSED))
    check_refusal(caught.value, backend)


@pytest.mark.skipif(REPEATS_EVERY_CALL, reason="LiteLLM repeats every failed call without its hooks")
@pytest.mark.parametrize("call", [call_acompletion, call_aresponses, call_messages])
@WHOLE_AND_STREAMED
async def test_refused_call_is_not_repeated_without_the_policy(
    call: Callable[..., Awaitable[str]], stream: bool, backend: FakeBackend
) -> None:
    pytest.importorskip("tenacity", reason="LiteLLM retries with it")
    with pytest.raises(litellm.BadRequestError) as caught:
        await call(stream=stream, num_retries=3, **build_arguments(backend, **REFUSED))
    check_refusal(caught.value, backend)


async def test_refused_call_does_not_fall_back(backend: FakeBackend) -> None:
    with pytest.raises(litellm.BadRequestError) as caught:
        await call_acompletion(stream=False, fallbacks=["hosted_vllm/other"], **build_arguments(backend, **REFUSED))
    check_refusal(caught.value, backend)


@pytest.mark.skipif(FALLS_BACK_ALWAYS, reason="the router tries the next model after every error")
@pytest.mark.parametrize("function", ["acompletion", "aresponses", "aanthropic_messages"])
@WHOLE_AND_STREAMED
async def test_router_neither_repeats_a_refused_call_nor_falls_back(
    function: str, stream: bool, backend: FakeBackend
) -> None:
    server = {"api_base": f"{backend.url}/v1", "api_key": "none"}
    models = {"r1": MODEL, "other": "other"}
    deployments = [
        {"model_name": alias, "litellm_params": {"model": f"hosted_vllm/{model}", **server}}
        for alias, model in models.items()
    ]
    router = litellm.Router(model_list=deployments, fallbacks=[{"r1": ["other"]}], num_retries=2)
    body: dict[str, Any] = (
        {"input": "Hi"} if function == "aresponses" else {"messages": [{"role": "user", "content": "Hi"}]}
    )
    limit = {"max_tokens": 99} if function == "aanthropic_messages" else {}

    with pytest.raises(litellm.BadRequestError) as caught:
        await getattr(router, function)(model="r1", stream=stream, **body, **limit, **REFUSED)

    check_refusal(caught.value, backend)
