"""Names of parameters that no known API has."""

from __future__ import annotations

from typing import Any

import pytest
from openai.types import completion_create_params as completions
from openai.types.chat import completion_create_params as chat
from openai.types.responses import response_create_params as responses

from prompt_policy import load_paths
from prompt_policy.policy.lint.known_parameters import KNOWN_PARAMETERS
from prompt_policy.policy.lint.unknown_parameters import find_unknown_parameters
from tests.support.policies import policy_of


def clamp(name: str) -> dict[str, Any]:
    return {"kind": "clamp", "parameters": {name: {"value": 1}}}


@pytest.mark.parametrize(
    ("rule", "name", "meant"),
    [
        (clamp("temprature"), "temprature", "temperature"),
        (clamp("top-p"), "top-p", "top_p"),
        (clamp("maxtokens"), "maxtokens", "max_tokens"),
        (clamp("chat_template_kwarg.enable_thinking"), "chat_template_kwarg", "chat_template_kwargs"),
        ({"kind": "fold_system", "when": {"parameters": {"temprature": 0}}}, "temprature", "temperature"),
        ({"kind": "fold_system", "when": {"not": {"any": [{"parameters": {"tool_chioce": "none"}}]}}},
         "tool_chioce", "tool_choice"),
    ],
)  # fmt: skip
def test_a_misspelt_parameter_is_found_with_a_suggestion(rule: dict[str, Any], name: str, meant: str) -> None:
    [finding] = find_unknown_parameters(policy_of(rule))
    assert f"'{name}' (did you mean '{meant}'?)" in finding.message


def test_a_parameter_like_no_other_is_found_once() -> None:
    rule = {**clamp("zzz.a"), "when": {"parameters": {"zzz.a": 1}}}
    assert [finding.message for finding in find_unknown_parameters(policy_of(rule))] == [
        "no known API has the parameter 'zzz'; check the name"
    ]


@pytest.mark.parametrize(
    "name",
    [
        *("temperature", "top_k", "min_p", "repetition_penalty", "max_completion_tokens", "max_output_tokens", "seed"),
        *("chat_template_kwargs.enable_thinking", "reasoning_effort", "reasoning.effort", "thinking.budget_tokens"),
        *("guided_json", "structured_outputs.regex", "stop_sequences", "enable_thinking", "dry_multiplier", "ebnf"),
        *("thinking_token_budget", "logit_bias.50256", "stream_options.include_usage", "provider.order", "text.format"),
    ],
)
def test_parameters_of_known_apis_have_no_finding(name: str) -> None:
    assert list(find_unknown_parameters(policy_of(clamp(name)))) == []


def test_every_field_of_the_openai_types_is_known() -> None:
    fields = {
        *chat.CompletionCreateParamsBase.__annotations__,
        *completions.CompletionCreateParamsBase.__annotations__,
        *responses.ResponseCreateParamsBase.__annotations__,
    }
    assert fields - KNOWN_PARAMETERS == set()


def test_every_parameter_of_the_shipped_policies_is_known() -> None:
    assert [finding for policy in load_paths([]).policies for finding in find_unknown_parameters(policy)] == []
