"""Tests of the binding in a deployment's ``model_info``."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy import UsageError
from prompt_policy.litellm.deployments.binding import Binding, find_invalid_deployments, read_binding

INVALID: list[Any] = [None, True, 0, 5, 0.5, [], ["qwen3"], {}, {"name": "qwen3"}, "", " \n"]


@pytest.mark.parametrize(
    ("model_info", "binding"),
    [
        ({}, Binding()),
        ({"id": "1"}, Binding()),
        ({"prompt_policy": "qwen3"}, Binding("qwen3")),
        ({"prompt_policy": "none"}, Binding(is_exempt=True)),
        ({"prompt_policy": False}, Binding(is_exempt=True)),
    ],
)
def test_binding_is_a_name_an_exemption_or_absent(model_info: dict[str, Any], binding: Binding) -> None:
    assert read_binding(model_info) == binding


@pytest.mark.parametrize("value", INVALID, ids=repr)
def test_any_other_value_is_an_error(value: Any) -> None:
    with pytest.raises(UsageError, match=r"^model_info\.prompt_policy is .*; write a name, or none to exempt"):
        read_binding({"prompt_policy": value})


def test_each_invalid_binding_is_one_line_that_names_its_deployment() -> None:
    rows = [
        {"model_name": "fine", "litellm_params": {"model": "hosted_vllm/a"}, "model_info": {"prompt_policy": "qwen3"}},
        {"model_name": "twin", "litellm_params": {"model": "hosted_vllm/a"}, "model_info": {"prompt_policy": 5}},
        {"model_name": "bare", "litellm_params": None, "model_info": {"prompt_policy": True}},
        {"model_name": "without", "litellm_params": {"model": "hosted_vllm/a"}, "model_info": None},
        "not a deployment",
    ]
    first, second = find_invalid_deployments(rows)
    assert first.startswith("deployment twin (hosted_vllm/a): model_info.prompt_policy is a number, not the name")
    assert second.startswith("deployment bare (): model_info.prompt_policy is true")


@pytest.mark.parametrize("model_list", [None, 5, {}, []])
def test_a_configuration_without_deployments_has_no_invalid_binding(model_list: Any) -> None:
    assert list(find_invalid_deployments(model_list)) == []
