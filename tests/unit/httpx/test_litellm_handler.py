"""Tests of the handler for LiteLLM's SDK; tests/integration/litellm_sdk sends calls with it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from prompt_policy import LoadError, UsageError
from prompt_policy.httpx.litellm_handler import policy_http_handler
from tests.support.fake_backend import FakeBackend, run_backend
from tests.support.policies import clamp, policy_of

pytest.importorskip("litellm")
POLICY = policy_of(clamp(temperature={"max": 0.7}))
BODY = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "temperature": 1.3}


def test_handler_is_one_of_litellms_with_a_policy() -> None:
    from litellm.llms.custom_httpx.http_handler import HTTPHandler

    handler = policy_http_handler(POLICY)
    assert isinstance(handler, HTTPHandler)
    with run_backend(FakeBackend()) as backend:
        assert (
            handler.post(f"{backend.url}/v1/chat/completions", json=BODY).headers["x-prompt-policy-applied"] == "clamp"
        )
        assert backend.last()["temperature"] == 0.7
    handler.close()


async def test_new_connection_after_an_error_has_the_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    """LiteLLM's asynchronous handler repeats a request with a client of its own making."""
    handler = policy_http_handler(POLICY, async_=True)

    async def refuse_connection(*_args: Any, **_options: Any) -> Any:
        raise httpx.ConnectError("refused")

    monkeypatch.setattr(handler.client, "send", refuse_connection)
    with run_backend(FakeBackend()) as backend:
        await handler.post(f"{backend.url}/v1/chat/completions", json=BODY)
        assert backend.last()["temperature"] == 0.7
    await handler.close()


@pytest.mark.parametrize(("variable", "backend"), [("", "openai"), ("openai", None)])
def test_backend_limits_what_rules_send(variable: str, backend: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMPT_POLICY_BACKEND", variable)
    policy = policy_of(clamp(temperature={"max": 0.7}, top_k={"default": 5}))
    handler = policy_http_handler(policy, backend=backend)
    with run_backend(FakeBackend()) as server:
        handler.post(f"{server.url}/v1/chat/completions", json=BODY)
        assert server.last()["temperature"] == 0.7
        assert "top_k" not in server.last()
    handler.close()
    with pytest.raises(UsageError, match="unknown backend"):
        policy_http_handler(policy, backend="vlm")


def test_invalid_policy_is_an_error() -> None:
    with pytest.raises(LoadError):
        policy_http_handler("no-such-policy")
