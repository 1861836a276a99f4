"""Tests of the parameters of a deployment that contradict its policy."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy.litellm.blocked_overrides.contradictions import find_contradictions
from tests.support.policies import policy_of

POLICY = policy_of({"kind": "clamp", "parameters": {"temperature": {"max": 1}, "top_k": {"value": 5}}})


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ({"deployment_id": "x"}, "litellm_params.deployment_id"),
        ({"text_completion": True}, "litellm_params.text_completion"),
        ({"prompt_id": "x"}, "litellm_params.prompt_id"),
        ({"extra_body": {"model": "x"}}, "litellm_params.extra_body.model"),
        ({"additional_drop_params": ["top_k", "seed", "temperature"]}, "litellm_params.additional_drop_params"),
    ],
)
def test_contradiction_is_one_line_with_its_fix(parameters: dict[str, Any], name: str) -> None:
    [line] = find_contradictions({"model": "hosted_vllm/m", **parameters}, POLICY)
    assert line.startswith(f"{name} contradicts the policy")
    assert "; " in line


def test_dropped_parameters_that_the_policy_sets_are_named() -> None:
    [line] = find_contradictions({"additional_drop_params": ["top_k", "seed", "temperature"]}, POLICY)
    assert "temperature, top_k" in line
    assert "seed" not in line


@pytest.mark.parametrize(
    "parameters",
    [{}, {"text_completion": False}, {"additional_drop_params": ["seed"]}, {"additional_drop_params": "x"},
     {"extra_body": {"top_k": 1}}, {"litellm_system_prompt": "Be brief.", "ensure_alternating_roles": True}],
)  # fmt: skip
def test_other_parameters_are_not_reported(parameters: dict[str, Any]) -> None:
    assert list(find_contradictions(parameters, POLICY)) == []
