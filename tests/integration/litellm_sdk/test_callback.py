"""The callback in LiteLLM's SDK: which requests it covers, and that no answer passes through it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import litellm
import pytest

from prompt_policy import load_paths
from prompt_policy.litellm.deployments.resolver import DeploymentResolver
from prompt_policy.litellm.hooks import PolicyCallback
from prompt_policy.runtime.hot_reload import StaticPolicies
from tests.integration.litellm_sdk.calls import (
    build_arguments,
    call_acompletion,
    call_aresponses,
    call_completion,
    call_messages,
)
from tests.integration.litellm_sdk.conftest import ANSWER
from tests.support.fake_backend import FakeBackend
from tests.support.litellm_clients import LITELLM_MARKS

pytestmark = list(LITELLM_MARKS)
WHOLE_AND_STREAMED = pytest.mark.parametrize("stream", [False, True])
COVERED = pytest.mark.parametrize("call", [call_acompletion, call_aresponses, call_messages])


@pytest.fixture(autouse=True)
def _callback() -> None:
    litellm.callbacks = [PolicyCallback(StaticPolicies(DeploymentResolver(load_paths([]))))]


@COVERED
@WHOLE_AND_STREAMED
async def test_asynchronous_requests_are_covered(
    call: Callable[..., Awaitable[str]], stream: bool, backend: FakeBackend
) -> None:
    await call(stream=stream, **build_arguments(backend))
    (body,) = backend.bodies
    assert body["temperature"] == 0.7
    (turn,) = body.get("messages") or body["input"]
    assert turn["role"] == "user"
    assert "Be brief." in str(turn["content"])


@COVERED
@WHOLE_AND_STREAMED
async def test_no_prefill_is_sent_that_the_answer_would_lack(
    call: Callable[..., Awaitable[str]], stream: bool, backend: FakeBackend
) -> None:
    await call(stream=stream, **build_arguments(backend))
    assert not {"continue_final_message", "add_generation_prompt"} & backend.last().keys()
    assert "<think>" not in str(backend.last())


@WHOLE_AND_STREAMED
async def test_answers_pass_unchanged(stream: bool, backend: FakeBackend) -> None:
    assert await call_acompletion(stream=stream, **build_arguments(backend)) == ANSWER


@WHOLE_AND_STREAMED
def test_synchronous_calls_are_not_covered(stream: bool, backend: FakeBackend) -> None:
    """LiteLLM calls none of the hooks: what this test shows is what the guide warns of."""
    assert call_completion(stream=stream, **build_arguments(backend)) == ANSWER
    assert backend.last()["temperature"] == 1.3


async def test_completions_are_covered_but_their_prompts(backend: FakeBackend) -> None:
    await litellm.atext_completion(prompt="Hi", **build_arguments(backend))
    assert (backend.last()["temperature"], backend.last()["prompt"]) == (0.7, "Hi")
