"""Traits of a request that keep rules from acting: tools, a constrained format, token data, disabled thinking."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from prompt_policy.wire.requests.thinking import CONTAINERS, THINKING_PARAMETERS, iterate_parameters
from prompt_policy.wire.values import Json, JsonObject

ValueCheck = Callable[[Json], bool]
"""Return whether a parameter's value has the effect that its name stands for, as its server decides it."""


def _is_given(value: Json) -> bool:
    """Return whether a value is neither null nor false; empty objects, lists and texts count."""
    return value is not None and value is not False


def _is_text(value: Json) -> bool:
    return isinstance(value, str)


def _is_filled(value: Json) -> bool:
    """Return whether a value is a text, an object or a list, and not empty."""
    return isinstance(value, str | dict | list) and bool(value)


def _is_schema(value: Json) -> bool:
    """Return whether a value is a JSON schema. An empty schema allows any JSON, and nothing but JSON."""
    return isinstance(value, dict) or (isinstance(value, str) and bool(value))


def _is_ollama_format(value: Json) -> bool:
    """Return whether Ollama's ``format`` is ``json`` or a schema; it rejects every other non-empty value."""
    return value == "json" or isinstance(value, dict)


def _is_response_format(value: Json) -> bool:
    """Return whether a format has a type other than ``text``, is the name of a JSON format, or is a Python class."""
    if isinstance(value, dict):
        return value.get("type") not in (None, "text")
    return isinstance(value, type) or (isinstance(value, str) and value.startswith("json"))


def _has_format(value: Json) -> bool:
    return isinstance(value, dict) and _is_response_format(value.get("format"))


def _is_structured_outputs(value: Json) -> bool:
    """Return whether vLLM's object contains a constraint; its other keys are options."""
    return isinstance(value, dict) and any(_is_given(value.get(name)) for name in _VLLM_CONSTRAINTS)


_VLLM_CONSTRAINTS: Final = ("json", "regex", "choice", "grammar", "json_object", "structural_tag")
STRUCTURED_OUTPUT_PARAMETERS: Final[Mapping[str, ValueCheck]] = MappingProxyType({
    # OpenAI's Chat Completions, and every server that follows it. The types beyond OpenAI's are regex, ebnf,
    # structural_tag, grammar and regex_schema (SGLang, TensorRT-LLM, TGI, Fireworks, Together, LMDeploy). LiteLLM's
    # Python API also accepts a class.
    "response_format": _is_response_format,
    # OpenAI's Responses: ``text.format``.
    "text": _has_format,
    # Anthropic's Messages: ``output_config.format``, and ``output_format`` of its beta.
    "output_config": _has_format,
    "output_format": _is_response_format,
    # vLLM since 0.11 (sampling_params.py, StructuredOutputsParams). It tests against null, so that {} constrains.
    "structured_outputs": _is_structured_outputs,
    # vLLM before 0.12 and its forks, FastDeploy, Xinference; NIM and Dynamo within ``nvext``.
    "guided_json": _is_given,
    "guided_regex": _is_given,
    "guided_choice": _is_given,
    "guided_grammar": _is_given,
    "guided_json_object": _is_given,
    "structural_tag": _is_filled,
    # SGLang (entrypoints/openai/protocol.py), which also reads ``json_schema``. It tests against null.
    "regex": _is_text,
    "ebnf": _is_text,
    # llama.cpp (tools/server), TabbyAPI. A schema of SGLang's is a text, one of llama.cpp's an object.
    "json_schema": _is_schema,
    # llama.cpp and LocalAI (a text), TGI and mistral.rs (an object with a type and a value). Empty: no grammar.
    "grammar": _is_filled,
    # TabbyAPI (common/sampling.py) and text-generation-webui (modules/api/typing.py). Empty: no constraint.
    "regex_pattern": _is_filled,
    "grammar_string": _is_filled,
    # Ollama (llm/server.go).
    "format": _is_ollama_format,
    # vLLM and TabbyAPI: the only tokens that may be generated, as in a classification.
    "allowed_token_ids": _is_filled,
    "allowed_tokens": _is_filled,
})  # fmt: skip
"""The parameters that constrain the form of an answer, by name, with the check of their values."""

_LOGPROBS_ITEM: Final = "message.output_text.logprobs"
TOKEN_DATA_PARAMETERS: Final[Mapping[str, tuple[ValueCheck, str]]] = MappingProxyType({
    "logprobs": (_is_given, "logprobs"),
    "top_logprobs": (bool, "logprobs"),
    "include": (lambda value: isinstance(value, list) and _LOGPROBS_ITEM in value, "logprobs"),  # Responses
    "n_probs": (bool, "n_probs"),  # llama.cpp's name of logprobs
    "return_tokens": (bool, "return_tokens"),  # llama.cpp
    "return_token_ids": (bool, "return_token_ids"),  # vLLM, SGLang, LMDeploy
    "return_hidden_states": (bool, "return_hidden_states"),  # SGLang: one vector per token
    "return_routed_experts": (bool, "return_routed_experts"),  # vLLM, SGLang: one entry per token
    "enable_response_messages": (bool, "enable_response_messages"),  # vLLM's Responses: text and tokens once more
})  # fmt: skip
"""The parameters that add data about the answer's tokens to it, with the check of their values and the data's name.

``return_tokens_as_token_ids`` only changes the form of logprobs. ``prompt_logprobs`` and ``return_prompt_token_ids``
are about the prompt, whose tokens do not depend on the answer's text.
"""

TRAIT_PARAMETERS: Final = frozenset(
    {"tools", "functions", *CONTAINERS, *STRUCTURED_OUTPUT_PARAMETERS, *TOKEN_DATA_PARAMETERS, *THINKING_PARAMETERS}
)
"""A request without any of these parameters has the default traits."""


class Traits(NamedTuple):
    """What keeps rules from acting on a request. Nearly all requests have the defaults.

    ``token_data`` is the name of data about the answer's tokens that the client requests, such as ``logprobs``, or an
    empty string. The answer's text must then stay as generated, because it must agree with the tokens.
    """

    has_tools: bool = False
    json_mode: bool = False
    token_data: str = ""
    thinking_enabled: bool = True


DEFAULT_TRAITS: Final = Traits()


def has_structured_output(body: JsonObject) -> bool:
    """Return whether the answer is constrained to JSON, a grammar, a regular expression or a choice."""
    return any(
        name in STRUCTURED_OUTPUT_PARAMETERS and STRUCTURED_OUTPUT_PARAMETERS[name](value)
        for _path, parameters in iterate_parameters(body)
        for name, value in parameters.items()
    )


def find_token_data(body: JsonObject) -> str:
    """Return the name of data about the answer's tokens that the request adds to it, or an empty string."""
    for _path, parameters in iterate_parameters(body):
        for name, (is_wanted, data) in TOKEN_DATA_PARAMETERS.items():
            if name in parameters and is_wanted(parameters[name]):
                return data
    return ""
