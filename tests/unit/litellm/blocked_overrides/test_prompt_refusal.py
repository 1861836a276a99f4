"""Tests of when a client's managed prompt is refused."""

from __future__ import annotations

from typing import Any

import litellm
import pytest
from litellm.integrations.custom_prompt_management import CustomPromptManagement

from prompt_policy.litellm.blocked_overrides.prompt_refusal import find_prompt_refusal
from prompt_policy.litellm.call import DeploymentCall


@pytest.fixture(autouse=True)
def no_callbacks(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("callbacks", "success_callback", "_async_success_callback"):
        monkeypatch.setattr(litellm, name, [])


def build_call(client_body: dict[str, Any], model: str = "hosted_vllm/m", **kwargs: Any) -> DeploymentCall:
    return DeploymentCall.from_kwargs({"model": model, **kwargs, "proxy_server_request": {"body": client_body}})


@pytest.mark.parametrize("callback", ["dotprompt", CustomPromptManagement()])
def test_prompt_of_a_client_is_refused_if_litellm_may_insert_it(callback: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    call = build_call({"prompt_id": "x"}, prompt_id="x")
    assert find_prompt_refusal(call) is None
    monkeypatch.setattr(litellm, "callbacks", [callback])
    refusal = find_prompt_refusal(call)
    assert refusal is not None
    assert refusal.param == "prompt_id"


def test_model_that_names_a_prompt_manager_is_refused() -> None:
    assert find_prompt_refusal(build_call({"prompt_id": "x"}, "langfuse/m", prompt_id="x")) is not None


@pytest.mark.parametrize(("client_body", "kwargs"), [({}, {"prompt_id": "own"}), ({"prompt_id": "x"}, {}), ({}, {})])
def test_prompt_of_a_deployment_and_an_inserted_one_pass(
    client_body: dict[str, Any], kwargs: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(litellm, "callbacks", ["dotprompt"])
    assert find_prompt_refusal(build_call(client_body, **kwargs)) is None
