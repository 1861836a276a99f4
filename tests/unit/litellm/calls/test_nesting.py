"""Tests of the recognition of nested calls."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from prompt_policy import load_paths
from prompt_policy.litellm.call import DeploymentCall
from prompt_policy.litellm.calls.nesting import OuterCall, find_outer_call, mark_nested_calls
from prompt_policy.litellm.deployments.resolver import DeploymentResolver
from prompt_policy.litellm.state import RequestState

RESOLVER = DeploymentResolver(load_paths([]))
OWN = {"user_api_key_auth": object(), "model_group": "alias"}


def build_outer_call(*, is_covered: bool = False, is_session: bool = False, **kwargs: Any) -> OuterCall:
    state = RequestState(DeploymentResolver(load_paths([])))
    return OuterCall(state, DeploymentCall.from_kwargs(kwargs), is_covered=is_covered, is_session=is_session)


@pytest.mark.parametrize("place", ["metadata", "litellm_metadata"])
def test_marker_is_put_into_the_own_metadata_of_litellm(place: str) -> None:
    client = {"metadata" if place == "litellm_metadata" else "litellm_metadata": {"user": "me"}}
    kwargs = {place: OWN, **client}
    state = RequestState(DeploymentResolver(load_paths([])))
    outer = OuterCall(state, DeploymentCall.from_kwargs(kwargs))

    marked = mark_nested_calls(kwargs, outer)

    assert find_outer_call(marked) is outer
    assert find_outer_call(kwargs) is None
    assert {key: marked[key] for key in client} == client
    assert marked[place]["model_group"] == "alias"


def test_marker_survives_copies_and_is_json() -> None:
    outer = build_outer_call()
    marked = mark_nested_calls({}, outer)
    assert find_outer_call(copy.deepcopy(marked)) is outer
    assert json.dumps(marked["litellm_metadata"]) == '{"prompt_policy_call": {}}'


@pytest.mark.parametrize("place", ["metadata", "litellm_metadata"])
def test_client_cannot_send_the_marker(place: str) -> None:
    sent = json.loads(json.dumps(mark_nested_calls({}, build_outer_call())["litellm_metadata"]))
    assert find_outer_call({place: sent}) is None


def test_nested_call_belongs_to_the_deployment_of_the_outer_one() -> None:
    outer = build_outer_call(model="hosted_vllm/m", model_info={"prompt_policy": "p"}, metadata=OWN)

    found = outer.enter({"model": "m", "temperature": 1, "extra_body": {"top_k": 5}}, RESOLVER)

    assert found is not None
    nested, state = found
    assert state is outer.state
    assert (nested.model, nested.alias, nested.model_info) == ("hosted_vllm/m", "alias", {"prompt_policy": "p"})
    assert (nested.kwargs["model"], nested.body["top_k"]) == ("m", 5)


@pytest.mark.parametrize("name", ["hosted_vllm/m", "m", "openai/m"])
def test_policy_applies_once_to_a_model_under_all_its_names(name: str) -> None:
    assert build_outer_call(model="hosted_vllm/m", is_covered=True).enter({"model": name}, RESOLVER) is None


@pytest.mark.parametrize("is_covered", [True, False])
def test_nested_call_of_another_model_is_a_request_of_its_own(is_covered: bool) -> None:
    outer = build_outer_call(model="hosted_vllm/m", model_info={"prompt_policy": "p"}, is_covered=is_covered)
    found = outer.enter({"model": "hosted_vllm/summary"}, RESOLVER)
    assert found is not None
    nested, state = found
    assert (nested.model, nested.model_info) == ("hosted_vllm/summary", {})
    assert state is not outer.state


def test_each_call_of_a_session_is_a_request_of_its_own() -> None:
    outer = build_outer_call(model="m", is_session=True)
    outer.state.obstacles = {"visible_answer": "hidden"}
    states = [found[1] for _ in range(2) if (found := outer.enter({"model": "m"}, RESOLVER)) is not None]
    assert len({id(state) for state in (outer.state, *states)}) == 3
    assert [state.obstacles for state in states] == [outer.state.obstacles] * 2
    assert [state.resolver is RESOLVER for state in (outer.state, *states)] == [False, True, True]


@pytest.mark.parametrize("options", [{}, {"cache": {"ttl": 5}}, {"cache": {"no-cache": True}}, {"cache": None}])
def test_cache_serves_only_the_calls_to_which_the_policy_applies(options: dict[str, Any]) -> None:
    outer = build_outer_call(model="m", **options)

    marked = mark_nested_calls({"model": "m", **options}, outer)
    found = outer.enter(marked, RESOLVER)

    assert marked["cache"].items() >= {"no-cache": True, "no-store": True}.items()
    assert found is not None
    assert {key: value for key, value in found[0].kwargs.items() if key == "cache"} == options


def test_cache_serves_a_covered_call() -> None:
    outer = build_outer_call(model="m", is_covered=True)
    assert "cache" not in mark_nested_calls({"model": "m"}, outer)
