"""Which policy a deployment gets."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy import UsageError, load_paths
from prompt_policy.litellm.binding import Binding, facts_of

BINDING = Binding(load_paths([]))
R1 = "hosted_vllm/deepseek-ai/DeepSeek-R1"


@pytest.mark.parametrize(
    ("kwargs", "name"),
    [
        ({"model": R1}, "deepseek-r1"),
        ({"model": R1, "model_info": {"prompt_policy": "deepseek-r1-0528"}}, "deepseek-r1-0528"),
        ({"model": "hosted_vllm/served", "metadata": {"model_group": "DeepSeek-R1"}}, "deepseek-r1"),
        ({"model": "hosted_vllm/served", "litellm_metadata": {"model_group": "DeepSeek-R1"}}, "deepseek-r1"),
        ({"model": "hosted_vllm/served", "metadata": {"model_group": "r1"}}, None),
        ({"model": None, "metadata": None, "model_info": None}, None),
    ],
)
def test_the_binding_goes_before_the_real_name_and_that_before_the_alias(
    kwargs: dict[str, Any], name: str | None
) -> None:
    pipeline = BINDING.of_deployment(kwargs)
    assert (pipeline.name if pipeline else None) == name


def test_a_policy_is_compiled_once() -> None:
    assert BINDING.of_deployment({"model": R1}) is BINDING.of_deployment({"model": R1})


def test_a_binding_to_a_policy_that_is_not_there_is_a_mistake() -> None:
    with pytest.raises(UsageError, match="deepseek-r9"):
        BINDING.of_deployment({"model": R1, "model_info": {"prompt_policy": "deepseek-r9"}})


def test_what_litellm_knows_of_a_request() -> None:
    kwargs = {
        "model": R1,
        "model_info": {"prompt_policy_reasoning_parser": True},
        "metadata": {"requester_metadata": {"task": "code"}},
        "proxy_server_request": {"headers": {"x-prompt-policy-task": "math"}},
    }
    facts = facts_of(kwargs)
    assert (facts.model, facts.task, facts.has_reasoning_parser) == ("deepseek-ai/DeepSeek-R1", "math", True)
    assert facts_of({}).task is None
