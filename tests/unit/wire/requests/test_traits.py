"""What keeps rules from acting is found in the parameters of every server, judged as that server judges them."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy.wire import Endpoint, create_request
from prompt_policy.wire.requests.traits import (
    STRUCTURED_OUTPUT_PARAMETERS,
    TRAIT_PARAMETERS,
    find_token_data,
    has_structured_output,
)

SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}
CONSTRAINED: list[dict[str, Any]] = [
    {"response_format": {"type": "json_object"}},
    {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}}},
    {"response_format": {"type": "structural_tag", "structures": [], "triggers": []}},
    {"response_format": {"type": "regex", "value": "a+"}},  # TGI
    {"response_format": {"type": "regex_schema", "regex_schema": "a+"}},  # LMDeploy
    {"response_format": {"type": "grammar", "grammar": "root ::= [a-z]+"}},  # Fireworks
    {"response_format": "json_object"},
    {"response_format": dict},  # a class, in LiteLLM's Python API
    {"text": {"format": {"type": "json_schema", "name": "a", "schema": {}}}},
    {"output_config": {"format": {"type": "json_schema", "schema": {}}, "effort": "low"}},
    {"output_config": {"effort": "low"}, "output_format": {"type": "json_schema", "schema": SCHEMA}},
    {"structured_outputs": {"json": {}}},
    {"structured_outputs": {"choice": ["a"]}},
    {"structured_outputs": {"structural_tag": "{}"}},
    {"structured_outputs": {"json_object": True, "disable_any_whitespace": True}},
    {"guided_json": {}},
    {"guided_json": SCHEMA},
    {"guided_json": '{"type": "object"}'},
    {"guided_regex": "a+"},
    {"guided_choice": ["yes", "no"]},
    {"guided_grammar": "root ::= [a-z]+"},
    {"guided_json_object": True},
    {"structural_tag": '{"type": "structural_tag"}'},
    {"regex": "a+"},
    {"regex": ""},
    {"ebnf": "root ::= [a-z]+"},
    {"json_schema": SCHEMA},
    {"json_schema": {}},
    {"json_schema": '{"type": "object"}'},
    {"grammar": "root ::= [a-z]+"},
    {"grammar": {"type": "regex", "value": "a+"}},
    {"regex_pattern": "a+"},
    {"grammar_string": "root ::= [a-z]+"},
    {"format": "json"},
    {"format": SCHEMA},
    {"format": {}},
    {"allowed_token_ids": [1, 2]},
    {"allowed_tokens": ["yes", "no"]},
    {"extra_body": {"guided_choice": ["a"]}},
    {"extra_body": {"nvext": {"guided_json": {}}}},
    {"nvext": {"guided_regex": "a+"}},
]
UNCONSTRAINED: list[dict[str, Any]] = [
    {},
    *({name: value} for name in STRUCTURED_OUTPUT_PARAMETERS for value in (None, False)),
    {"response_format": {"type": "text"}},
    {"response_format": {"type": None}},
    {"response_format": {}},
    {"response_format": "text"},
    {"response_format": 3},
    {"text": {"verbosity": "low"}},
    {"text": {"format": {"type": "text"}}},
    {"text": {"format": None}},
    {"text": "json"},
    {"output_config": {"effort": "high"}},
    {"output_config": {"format": None}},
    {"output_format": "markdown"},
    {"structured_outputs": {}},
    {"structured_outputs": {"json": None, "disable_any_whitespace": True}},
    {"guided_decoding_backend": "xgrammar"},
    {"guided_whitespace_pattern": " ?"},
    {"regex": ["a"]},
    {"json_schema": ""},
    {"json_schema": True},
    {"grammar": ""},
    {"grammar": {}},
    {"grammar": True},
    {"regex_pattern": ""},
    {"grammar_string": ""},
    {"structural_tag": ""},
    {"format": ""},
    {"format": "markdown"},
    {"format": "wav"},
    {"format": True},
    {"allowed_token_ids": []},
    {"extra_body": {"format": "mp3"}},
    {"extra_body": None},
    {"extra_body": [{"guided_json": {}}]},
    {"nvext": {"annotations": ["guided_json"]}},
    {"metadata": {"guided_json": {}}},
    {"tools": [{"type": "function", "function": {"name": "f", "parameters": SCHEMA}}]},
    {"messages": [{"role": "user", "content": "Write a grammar and a regex as JSON."}]},
    {"temperature": 0.6, "logit_bias": {"1": 3}, "stop": ["grammar"]},
]


@pytest.mark.parametrize("endpoint", ["chat", "completions", "responses", "messages"])
@pytest.mark.parametrize("body", CONSTRAINED, ids=repr)
def test_a_constrained_answer_is_detected(body: dict[str, Any], endpoint: Endpoint) -> None:
    assert has_structured_output(body) is True
    assert create_request(body, endpoint).traits.json_mode is True


@pytest.mark.parametrize("body", UNCONSTRAINED, ids=repr)
def test_a_value_that_constrains_nothing_is_not_detected(body: dict[str, Any]) -> None:
    assert has_structured_output(body) is False
    assert create_request(body, "chat").traits.json_mode is False


def test_every_parameter_is_tested() -> None:
    names = {name for body in CONSTRAINED for name in body}
    assert names >= STRUCTURED_OUTPUT_PARAMETERS.keys()
    assert STRUCTURED_OUTPUT_PARAMETERS.keys() <= TRAIT_PARAMETERS


@pytest.mark.parametrize(
    ("body", "data"),
    [
        ({}, ""),
        ({"logprobs": True}, "logprobs"),
        ({"logprobs": 0}, "logprobs"),  # text completions: the chosen tokens only
        ({"logprobs": False}, ""),
        ({"logprobs": None}, ""),
        ({"top_logprobs": 2}, "logprobs"),
        ({"top_logprobs": 0}, ""),
        ({"include": ["message.output_text.logprobs"]}, "logprobs"),
        ({"include": ["reasoning.encrypted_content"]}, ""),
        ({"include": "message.output_text.logprobs"}, ""),
        ({"n_probs": 5}, "n_probs"),
        ({"n_probs": 0}, ""),
        ({"return_tokens": True}, "return_tokens"),
        ({"return_token_ids": True}, "return_token_ids"),
        ({"return_token_ids": False}, ""),
        ({"return_token_ids": None}, ""),
        ({"return_hidden_states": "last"}, "return_hidden_states"),
        ({"return_routed_experts": True}, "return_routed_experts"),
        ({"enable_response_messages": True}, "enable_response_messages"),
        ({"extra_body": {"return_token_ids": True}}, "return_token_ids"),
        ({"return_tokens_as_token_ids": True}, ""),  # the form of logprobs
        ({"return_tokens_as_token_ids": True, "logprobs": True}, "logprobs"),
        ({"prompt_logprobs": 1}, ""),
        ({"return_prompt_token_ids": True}, ""),
        ({"stop_token_ids": [1], "max_tokens": 3}, ""),
    ],
)
def test_token_data_is_named(body: dict[str, Any], data: str) -> None:
    assert find_token_data(body) == data
    assert create_request(body, "chat").traits.token_data == data
