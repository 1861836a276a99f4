"""Tests of converting a changed body to LiteLLM's keyword arguments."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from prompt_policy.litellm.call import DeploymentCall
from prompt_policy.litellm.calls.kwargs import replace_body
from prompt_policy.wire import Endpoint


def change(kwargs: dict[str, Any], *dropped: str, endpoint: Endpoint = "chat", **changes: Any) -> dict[str, Any] | None:
    """Return the keyword arguments after a policy changed some parameters and dropped others."""
    call, before = DeploymentCall.from_kwargs(kwargs), copy.deepcopy(kwargs)
    body = {key: value for key, value in call.body.items() if key not in dropped}
    changed = replace_body(call, body | changes, endpoint)
    assert kwargs == before
    return changed


@pytest.mark.parametrize("extra", [{}, {"extra_body": {"top_k": 5}}, {"extra_body": "x"}])
def test_unchanged_body_changes_nothing(extra: dict[str, Any]) -> None:
    call = DeploymentCall.from_kwargs({"model": "m", "temperature": 1, **extra})
    assert replace_body(call, call.body) is None


@pytest.mark.parametrize("endpoint", ["chat", "responses"])
def test_an_equal_body_changes_nothing_in_extra_body(endpoint: Endpoint) -> None:
    assert change({"model": "m", "extra_body": {"top_k": 5}}, endpoint=endpoint) is None


def test_a_parameter_is_changed_in_a_copy() -> None:
    assert change({"temperature": 1.3, "seed": 1, "n": 1}, "seed", temperature=0.7, top_p=0.9) == {
        "temperature": 0.7,
        "n": 1,
        "top_p": 0.9,
    }


def test_parameter_in_extra_body_is_changed_there() -> None:
    kwargs: dict[str, Any] = {"temperature": 0.6, "extra_body": {"temperature": 2, "top_k": 5}}
    assert change(kwargs, temperature=0.7, top_p=0.9) == {
        "temperature": 0.6,
        "extra_body": {"temperature": 0.7, "top_k": 5},
        "top_p": 0.9,
    }


def test_parameter_unknown_to_responses_is_put_into_extra_body() -> None:
    kwargs = {"input": "Hi", "temperature": 1.3}
    assert change(kwargs, endpoint="responses", temperature=0.7, top_k=5) == {
        "input": "Hi",
        "temperature": 0.7,
        "extra_body": {"top_k": 5},
    }


def test_dropped_parameter_is_removed_from_both_places() -> None:
    kwargs: dict[str, Any] = {"seed": 1, "extra_body": {"top_k": 5}}
    assert change(kwargs, "seed", "top_k") == {"extra_body": {}}


@pytest.mark.parametrize("endpoint", ["chat", "responses"])
@pytest.mark.parametrize("extra", [{"seed": 2}, {"top_k": 2}, None])
def test_dropped_parameter_is_not_sent(endpoint: Endpoint, extra: Any) -> None:
    changed = change({"seed": 1, "extra_body": extra}, "seed", endpoint=endpoint)

    assert changed is not None
    assert "seed" not in DeploymentCall.from_kwargs(changed).body
