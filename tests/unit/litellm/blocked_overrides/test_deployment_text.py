"""Tests that the texts of a deployment are added as LiteLLM would add them, and before the policy."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from prompt_policy.litellm.blocked_overrides.deployment_text import apply_deployment_text
from prompt_policy.litellm.call import DeploymentCall

USER: dict[str, Any] = {"role": "user", "content": "Hi"}
SYSTEM: dict[str, Any] = {"role": "system", "content": "Be kind."}
ASSISTANT: dict[str, Any] = {"role": "assistant", "content": "<think>\n"}


def apply(messages: Any, **parameters: Any) -> dict[str, Any]:
    kwargs = {"model": "hosted_vllm/m", "messages": messages, **parameters}
    before = copy.deepcopy(kwargs)
    applied = apply_deployment_text(DeploymentCall.from_kwargs(kwargs))
    assert kwargs == before
    return applied.kwargs


@pytest.mark.parametrize("parameters", [{}, {"litellm_system_prompt": ""}, {"ensure_alternating_roles": False}])
def test_call_without_own_texts_stays_the_same_object(parameters: dict[str, Any]) -> None:
    call = DeploymentCall.from_kwargs({"messages": [USER], **parameters})
    assert apply_deployment_text(call) is call


@pytest.mark.parametrize("messages", [None, "x", [1], [{"content": "Hi"}]])
def test_unreadable_messages_stay_unchanged(messages: Any) -> None:
    call = DeploymentCall.from_kwargs({"messages": messages, "litellm_system_prompt": "Be brief."})
    assert apply_deployment_text(call) is call


def test_system_prompt_becomes_the_first_message() -> None:
    assert apply([USER], litellm_system_prompt="Be brief.") == {
        "model": "hosted_vllm/m",
        "messages": [{"role": "system", "content": "Be brief."}, USER],
    }


def test_system_prompt_joins_a_system_message() -> None:
    [first, *_] = apply([SYSTEM, USER], litellm_system_prompt="Be brief.")["messages"]
    assert first == {"role": "system", "content": "Be brief.\n\nBe kind."}


def test_roles_alternate_with_the_deployments_own_turns() -> None:
    own = {"role": "assistant", "content": "Go on."}
    sent = apply([USER, USER], ensure_alternating_roles=True, assistant_continue_message=own)
    assert sent == {"model": "hosted_vllm/m", "messages": [USER, own, USER]}


@pytest.mark.parametrize("place", ["top", "extra_body"])
def test_nothing_follows_a_prefill_of_the_client(place: str) -> None:
    flag = {"continue_final_message": True}
    parameters = flag if place == "top" else {"extra_body": flag}
    sent = apply([USER, ASSISTANT], ensure_alternating_roles=True, litellm_system_prompt="Be brief.", **parameters)
    assert [turn["role"] for turn in sent["messages"]] == ["system", "user", "assistant"]


def test_answered_turn_gets_a_user_turn() -> None:
    sent = apply([USER, ASSISTANT], ensure_alternating_roles=True)
    assert [turn["role"] for turn in sent["messages"]] == ["user", "assistant", "user"]
