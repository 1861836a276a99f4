"""LiteLLM's keyword arguments as a body, and back."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from prompt_policy.litellm.request import body_of, changed_kwargs


def test_without_extra_body_the_arguments_are_the_body() -> None:
    kwargs = {"model": "m", "temperature": 1}
    assert body_of(kwargs) is kwargs
    assert changed_kwargs(kwargs, kwargs) is None


def test_what_stands_in_extra_body_is_seen_and_changed_there() -> None:
    kwargs: dict[str, Any] = {"temperature": 0.6, "extra_body": {"temperature": 2, "top_k": 5}}
    before = copy.deepcopy(kwargs)
    body = body_of(kwargs)
    assert body["temperature"] == 2
    changed = changed_kwargs(kwargs, {**body, "temperature": 0.7, "top_p": 0.9})
    assert changed == {"temperature": 0.6, "extra_body": {"temperature": 0.7, "top_k": 5}, "top_p": 0.9}
    assert kwargs == before


def test_what_is_dropped_is_gone_from_both() -> None:
    kwargs: dict[str, Any] = {"seed": 1, "extra_body": {"top_k": 5}}
    body = {key: value for key, value in body_of(kwargs).items() if key not in ("seed", "top_k")}
    assert changed_kwargs(kwargs, body) == {"extra_body": {}}


@pytest.mark.parametrize("endpoint", ["chat", "responses"])
@pytest.mark.parametrize("extra", [{"seed": 2}, {"top_k": 2}, None])
def test_what_is_dropped_is_gone_wherever_it_was_said(endpoint: Any, extra: Any) -> None:
    kwargs: dict[str, Any] = {"seed": 1, "extra_body": extra}
    body = {key: value for key, value in body_of(kwargs).items() if key != "seed"}

    changed = changed_kwargs(kwargs, body, endpoint)

    assert changed is not None
    assert "seed" not in body_of(changed)


def test_a_client_cannot_say_litellms_own_words_in_extra_body() -> None:
    kwargs: dict[str, Any] = {"model": "m", "metadata": {"a": 1}, "extra_body": {"model": "x", "metadata": {}}}
    body = body_of(kwargs)
    assert (body["model"], body["metadata"]) == ("m", {"a": 1})


def test_an_extra_body_of_another_type_is_left_alone() -> None:
    kwargs: dict[str, Any] = {"extra_body": "x"}
    assert body_of(kwargs) is kwargs
