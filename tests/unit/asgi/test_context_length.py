"""The context length of the server behind the middleware."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from prompt_policy import UsageError
from prompt_policy.asgi.context_length import CONTEXT_VARIABLE, find_context_length, parse_context_length


@pytest.mark.parametrize(("value", "length"), [(None, None), ("", None), ("4096", 4096)])
def test_the_variable_is_a_number_of_tokens(value: str | None, length: int | None) -> None:
    assert parse_context_length({} if value is None else {CONTEXT_VARIABLE: value}) == length


@pytest.mark.parametrize("value", ["0", "-1", "4k", "many", "1.5", " "])
def test_another_value_is_an_error(value: str) -> None:
    with pytest.raises(UsageError, match=f"{CONTEXT_VARIABLE}: expected a number of tokens, got "):
        parse_context_length({CONTEXT_VARIABLE: value})


def build_vllm_app(length: Any) -> SimpleNamespace:
    """Return an app with the state that vLLM's server sets."""
    config = SimpleNamespace(model_config=SimpleNamespace(max_model_len=length))
    return SimpleNamespace(state=SimpleNamespace(vllm_config=config))


@pytest.mark.parametrize(
    ("scope", "length"),
    [
        ({"app": build_vllm_app(4096)}, 4096),
        ({"app": build_vllm_app(None)}, None),
        ({"app": build_vllm_app(0)}, None),
        ({"app": build_vllm_app("4096")}, None),
        ({"app": SimpleNamespace(state=SimpleNamespace())}, None),
        ({"app": SimpleNamespace()}, None),
        ({}, None),
    ],
)
def test_the_length_of_the_engine_is_found_in_the_state_of_its_app(scope: dict[str, Any], length: int | None) -> None:
    assert find_context_length(scope) == length
