"""Tests of the state of a request."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from prompt_policy import Pipeline, load_paths
from prompt_policy.litellm.deployments.resolver import DeploymentResolver
from prompt_policy.litellm.state import begin_attempt, find_state, restore_request, store_request
from tests.support.policies import chat

RESOLVER = DeploymentResolver(load_paths([]))


def build_data() -> dict[str, Any]:
    return {"litellm_logging_obj": SimpleNamespace(model_call_details={})}


def test_later_attempt_keeps_the_policies_of_the_first() -> None:
    data = build_data()
    first = begin_attempt(data, RESOLVER)
    second = begin_attempt(data, DeploymentResolver(load_paths([])))
    assert second is first
    assert second.resolver is RESOLVER


def test_later_attempt_resets_the_applied_policy() -> None:
    data = build_data()
    begin_attempt(data, RESOLVER).applied = Pipeline(RESOLVER.policies.policies[0]).apply(chat("Hi"), "chat")
    begin_attempt(data, RESOLVER)
    state = find_state(data)
    assert state is not None
    assert state.applied is None


def test_no_state_is_found_without_a_logging_object() -> None:
    begin_attempt({}, RESOLVER)
    assert find_state({}) is None
    assert find_state({"litellm_logging_obj": SimpleNamespace()}) is None


async def fail(name: str) -> Any:
    """Return the logging object that the hook for the headers finds after an error."""
    data = {"litellm_logging_obj": name}
    store_request(data)
    await asyncio.sleep(0)
    del data["litellm_logging_obj"]
    return restore_request(data).get("litellm_logging_obj")


async def test_requests_at_the_same_time_are_not_confused() -> None:
    names = [f"request {number}" for number in range(20)]
    assert await asyncio.gather(*map(fail, names)) == names


async def test_the_logging_object_in_the_data_takes_precedence() -> None:
    store_request({"litellm_logging_obj": "old"})
    data = {"litellm_logging_obj": "new"}
    assert restore_request(data) is data


async def test_a_request_without_a_logging_object_forgets_the_previous_one() -> None:
    store_request({"litellm_logging_obj": "old"})
    store_request({})
    assert restore_request({}) == {}
