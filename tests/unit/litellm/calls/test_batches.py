"""Tests of requests to several models; tests/integration/litellm_proxy/calls runs them in a real proxy."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from prompt_policy import load_paths
from prompt_policy.errors import Refusal
from prompt_policy.litellm.call import DeploymentCall
from prompt_policy.litellm.calls.batches import begin_branch, find_branch, list_headers, rewrite_batch, split_models
from prompt_policy.litellm.deployments.resolver import DeploymentResolver
from prompt_policy.litellm.errors.proxy import RejectedProxyRequestError
from prompt_policy.litellm.state import RequestState

RESOLVER = DeploymentResolver(load_paths([]))


def build_call(deployment: str, messages: Any = None) -> DeploymentCall:
    return DeploymentCall.from_kwargs({"model_info": {"id": deployment}, "messages": messages or []})


def build_answer(deployment: str) -> SimpleNamespace:
    return SimpleNamespace(_hidden_params={"model_id": deployment})


async def begin_in_task(state: RequestState, *calls: DeploymentCall) -> RequestState:
    """Begin the attempts of one call of a batch, and return its state."""

    async def run() -> RequestState:
        return [begin_branch(state, call) for call in calls][-1]

    return await asyncio.create_task(run())


@pytest.mark.parametrize(
    ("model", "endpoint", "expected"),
    [
        ("m", "chat", ("m",)),
        ("m, n", "chat", ("m", "n")),
        ("m,", "chat", ("m", "")),
        ("m,n", "responses", ("m,n",)),
        (None, "chat", (None,)),
        (["m", "n"], "chat", (["m", "n"],)),
    ],
)
def test_models_of_a_batch(model: Any, endpoint: Any, expected: tuple[Any, ...]) -> None:
    assert split_models(model, endpoint) == expected


async def test_answer_belongs_to_its_deployment() -> None:
    state = RequestState(RESOLVER, branches={})
    first, second = [await begin_in_task(state, build_call(name)) for name in ("a", "b")]
    assert find_branch(state, build_answer("a")) is first
    assert find_branch(state, build_answer("b")) is second
    assert find_branch(state, build_answer("c")) is None
    assert find_branch(state, object()) is None


async def test_retry_continues_the_call() -> None:
    state = RequestState(RESOLVER, branches={})
    branch = await begin_in_task(state, build_call("a"), build_call("fallback"))
    assert find_branch(state, build_answer("fallback")) is branch
    assert find_branch(state, build_answer("a")) is None


async def test_answer_belongs_to_its_conversation() -> None:
    state, conversations = RequestState(RESOLVER, branches={}), [[{"role": "user"}], [{"role": "system"}]]
    states = [await begin_in_task(state, build_call("a", messages)) for messages in conversations]
    found = [find_branch(state, build_answer("a"), messages) for messages in conversations]
    assert [id(each) for each in found] == [id(each) for each in states]


def test_refusals_replace_their_answers_unless_there_is_no_other() -> None:
    refused, answer = RejectedProxyRequestError(Refusal("no"), {}), object()
    state = RequestState(RESOLVER, branches={})
    assert rewrite_batch([refused, answer], state, {}) == [{"error": refused.error_body}, answer]
    with pytest.raises(RejectedProxyRequestError):
        rewrite_batch([[refused], [refused]], state, {})


async def test_headers_of_a_batch_without_a_policy_are_empty() -> None:
    state = RequestState(RESOLVER, branches={})
    await begin_in_task(state, build_call("a"))
    assert list_headers(state) == {}
