"""Clients of ours that LiteLLM's SDK sends with: which providers use them, and which ignore them silently."""

from __future__ import annotations

from typing import Any

import httpx
import litellm
import openai
import pytest

from prompt_policy.httpx import policy_http_client
from prompt_policy.httpx.litellm_handler import policy_http_handler
from prompt_policy.openai import wrap
from tests.integration.litellm_sdk.calls import build_arguments, call_acompletion, call_completion
from tests.integration.litellm_sdk.conftest import ANSWER
from tests.support.fake_backend import FakeBackend
from tests.support.litellm_clients import LITELLM_MARKS

pytestmark = list(LITELLM_MARKS)
WHOLE_AND_STREAMED = pytest.mark.parametrize("stream", [False, True])
OPENAI_PROVIDERS = pytest.mark.parametrize("provider", ["openai", "litellm_proxy"])
CLEANED = "<think>\nHm.\n</think>\n\nFine."


def check_coverage(backend: FakeBackend, answer: str) -> None:
    (body,) = backend.bodies
    assert (body["temperature"], body["continue_final_message"]) == (0.7, True)
    assert answer == CLEANED


@OPENAI_PROVIDERS
@WHOLE_AND_STREAMED
async def test_wrapped_client_is_used_for_openais_providers(provider: str, stream: bool, backend: FakeBackend) -> None:
    arguments = build_arguments(backend, provider)
    url = f"{backend.url}/v1"
    async with wrap(openai.AsyncOpenAI(base_url=url, api_key="none")) as client:
        check_coverage(backend, await call_acompletion(stream=stream, client=client, **arguments))
    backend.bodies.clear()
    with wrap(openai.OpenAI(base_url=url, api_key="none")) as client:
        check_coverage(backend, call_completion(stream=stream, client=client, **arguments))


@OPENAI_PROVIDERS
@WHOLE_AND_STREAMED
async def test_client_sessions_are_used_for_openais_providers(
    provider: str, stream: bool, backend: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = build_arguments(backend, provider)
    async with policy_http_client(async_=True) as session:
        monkeypatch.setattr(litellm, "aclient_session", session)
        check_coverage(backend, await call_acompletion(stream=stream, **arguments))
    backend.bodies.clear()
    with policy_http_client() as session:
        monkeypatch.setattr(litellm, "client_session", session)
        check_coverage(backend, call_completion(stream=stream, **arguments))


@WHOLE_AND_STREAMED
async def test_handler_is_used_for_hosted_vllm(stream: bool, backend: FakeBackend) -> None:
    arguments = build_arguments(backend)
    handler = policy_http_handler(async_=True)
    check_coverage(backend, await call_acompletion(stream=stream, client=handler, **arguments))
    await handler.close()
    backend.bodies.clear()
    handler = policy_http_handler()
    check_coverage(backend, call_completion(stream=stream, client=handler, **arguments))
    handler.close()


@WHOLE_AND_STREAMED
async def test_refusal_of_a_client_is_a_bad_request_error(stream: bool, backend: FakeBackend) -> None:
    arguments = build_arguments(backend, temperature="hot")
    handler = policy_http_handler(async_=True)
    with pytest.raises(litellm.BadRequestError, match="temperature"):
        await call_acompletion(stream=stream, client=handler, **arguments)
    await handler.close()
    handler = policy_http_handler()
    with pytest.raises(litellm.BadRequestError, match="temperature"):
        call_completion(stream=stream, client=handler, **arguments)
    handler.close()
    assert backend.bodies == []


@WHOLE_AND_STREAMED
def test_hosted_vllm_ignores_a_wrapped_client_silently(stream: bool, backend: FakeBackend) -> None:
    """Nothing of ours runs then, so that nothing can refuse: the guide names the handler to use."""
    client = wrap(openai.OpenAI(base_url=f"{backend.url}/v1", api_key="none"))
    assert call_completion(stream=stream, client=client, **build_arguments(backend)) == ANSWER
    assert backend.last()["temperature"] == 1.3
    client.close()


@WHOLE_AND_STREAMED
def test_hosted_vllm_ignores_the_client_session_silently(
    stream: bool, backend: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    with policy_http_client(base=httpx.Client()) as session:
        monkeypatch.setattr(litellm, "client_session", session)
        assert call_completion(stream=stream, **build_arguments(backend)) == ANSWER
    assert backend.last()["temperature"] == 1.3


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_openais_providers_reject_the_handler(asynchronous: bool, backend: FakeBackend) -> None:
    arguments: dict[str, Any] = build_arguments(backend, "openai", client=policy_http_handler(async_=asynchronous))
    with pytest.raises(litellm.InternalServerError):
        await call_acompletion(stream=False, **arguments) if asynchronous else call_completion(
            stream=False, **arguments
        )
    assert backend.bodies == []
