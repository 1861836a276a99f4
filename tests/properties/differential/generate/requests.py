"""Requests: conversations as clients write them, those of the fuzz tests with anything anywhere, and hardly JSON."""

from __future__ import annotations

import json
import random
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from tests.properties.differential.case import Endpoint
from tests.properties.differential.generate.mutations import build_junk, harm, mutate
from tests.properties.differential.generate.texts import build_text
from tests.properties.fuzz.bodies import PARAMETERS, SEEDS
from tests.properties.fuzz.json_text import write_json

_ROLES: Final = ("system", "developer", "user", "user", "user", "assistant", "assistant", "tool", "function", "other")
_FIGURES: Final = (0, 0.0, 0.3, 0.5, 0.6, 0.65, 0.7, 0.95, 1, 1.0, 1.3, 2, -1, 5, 40, 100, 32768, 100_000, 2**63)
_ODD_FIGURES: Final[tuple[Any, ...]] = (None, True, False, "0.6", "hot", "", [], {}, [0.6], {"a": 1}, 1e308, 5e-324)
_PARAMETERS: Final = (
    "temperature", "top_p", "top_k", "min_p", "max_tokens", "max_completion_tokens", "max_output_tokens", "n", "seed",
    "presence_penalty", "frequency_penalty", "repetition_penalty", "top_logprobs", "thinking_token_budget", "a",
)  # fmt: skip
_SWITCHES: Final[dict[str, tuple[Any, ...]]] = {
    "stream": (True, False, None),
    "logprobs": (True, False, None, 1),
    "tools": ([], None, [{"type": "function", "function": {"name": "f", "parameters": {}}}]),
    "tool_choice": ("auto", "none", "required", {"type": "function"}),
    "response_format": ({"type": "json_object"}, {"type": "text"}, {"type": "json_schema", "json_schema": {}}, None),
    "structured_outputs": ({"json": {}}, {}, None),
    "guided_json": ({}, None),
    "chat_template_kwargs": ({"enable_thinking": False}, {"enable_thinking": True}, {"thinking": True}, {}, None, 3),
    "reasoning_effort": ("low", "high", "none", None, 3),
    "reasoning": ({"effort": "high"}, {"effort": "none"}, None),
    "thinking": ({"type": "enabled", "budget_tokens": 1024}, {"type": "disabled"}, None),
    "metadata": ({"task": "math"}, {"task": "legal", "tier": "free"}, {"tags": ["x", 3]}, {"task": 5}, None, "x"),
    "a": ({"b": {"c": -1}}, {"b": None}, {"b": 3}, None),
    "extra_body": ({"temperature": 2, "top_k": 5}, {"model": "other"}, {"chat_template_kwargs": {}}, {}, None),
    "additional_drop_params": (["temperature"], None),
    "continue_final_message": (True, False),
    "add_generation_prompt": (True, False),
    "include_reasoning": (True, False),
    "stop": ("\n", ["</think>"], None),
    "max_tokens": (1, None, "9"),
}
_IMAGE: Final = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
_TOOL_CALLS: Final[tuple[Any, ...]] = (
    [],
    None,
    [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
)
_ROOT: Final = Path(__file__).parents[4]


@cache
def _model_names() -> list[str]:
    """Return real names of models, of every shipped policy, and some that match none."""
    path = next(_ROOT.glob("tests/**/model_names.yaml"))
    listed = yaml.safe_load(path.read_text())
    names = [name for found in listed.values() if isinstance(found, list) for name in found if isinstance(name, str)]
    return [*sorted(names), "gpt-4o", "m", "", "x" * 2000, "deepseek-r1\n", "DEEPSEEK-R1", "模型"]


def build_body(rng: random.Random, endpoint: Endpoint) -> bytes:
    """Return a request's body."""
    way = rng.random()
    if way < 0.5:
        return _written(rng, _ordinary(rng, endpoint))
    if way < 0.62:
        return _written(rng, mutate(rng, _ordinary(rng, endpoint)))
    if way < 0.92:
        return _written(rng, mutate(rng, rng.choice(SEEDS[endpoint])))
    if way < 0.98:
        return harm(rng, _written(rng, _ordinary(rng, endpoint)))
    return _written(rng, build_junk(rng))


def _written(rng: random.Random, value: Any) -> bytes:
    if rng.random() < 0.3:
        try:
            return json.dumps(value, separators=(",", ":")).encode()
        except RecursionError:
            return b"{}"
    return write_json(value).encode(errors="surrogatepass")


def _ordinary(rng: random.Random, endpoint: Endpoint) -> dict[str, Any]:
    body = {"model": rng.choice(_model_names()), **_conversation(rng, endpoint), **_parameters(rng)}
    if rng.random() < 0.05:
        del body["model"]
    if rng.random() < 0.3:
        keys = rng.sample(list(body), len(body))
        body = {key: body[key] for key in keys}
    return body


def _parameters(rng: random.Random) -> dict[str, Any]:
    chosen: dict[str, Any] = {}
    for name in rng.sample(_PARAMETERS, rng.randrange(6)):
        chosen[name] = rng.choice(_ODD_FIGURES if rng.random() < 0.12 else _FIGURES)
    for name in rng.sample(list(_SWITCHES), rng.randrange(4)):
        chosen[name] = rng.choice(_SWITCHES[name])
    if rng.random() < 0.05:
        chosen |= PARAMETERS
        del chosen["model"]
    return chosen


def _conversation(rng: random.Random, endpoint: Endpoint) -> dict[str, Any]:
    if endpoint == "completions":
        return {"prompt": rng.choice((build_text(rng), [build_text(rng), ""], [1, 2], [[1], [2]], None))}
    turns = [_turn(rng, endpoint) for _ in range(rng.choice((1, 1, 2, 3, 4, 6, 20)))]
    if endpoint == "chat":
        return {"messages": turns}
    if endpoint == "messages":
        system = rng.choice((build_text(rng), [{"type": "text", "text": build_text(rng)}], None, []))
        return {"messages": turns, "max_tokens": 100} | ({"system": system} if rng.random() < 0.6 else {})
    given = build_text(rng) if rng.random() < 0.3 else turns
    return {"input": given} | ({"instructions": rng.choice((build_text(rng), None))} if rng.random() < 0.5 else {})


def _turn(rng: random.Random, endpoint: Endpoint) -> dict[str, Any]:
    role = rng.choice(_ROLES)
    if endpoint == "responses" and rng.random() < 0.15:
        return rng.choice(
            (
                {"type": "reasoning", "id": "r", "summary": [{"type": "summary_text", "text": build_text(rng)}]},
                {"type": "function_call", "call_id": "1", "name": "f", "arguments": "{}"},
                {"type": "function_call_output", "call_id": "1", "output": build_text(rng)},
            )
        )
    turn = {"role": role, "content": _content(rng, endpoint, role)}
    if endpoint == "responses" and rng.random() < 0.5:
        turn["type"] = "message"
    if role == "assistant" and rng.random() < 0.4:
        turn |= rng.choice(
            (
                {"reasoning_content": build_text(rng)},
                {"reasoning": build_text(rng)},
                {"tool_calls": rng.choice(_TOOL_CALLS)},
                {"prefix": True},
                {"partial": True},
                {"name": "n"},
            )
        )
    if role == "tool":
        turn["tool_call_id"] = "1"
    return turn


def _content(rng: random.Random, endpoint: Endpoint, role: str) -> Any:
    way = rng.random()
    if way < 0.6:
        return build_text(rng)
    if way < 0.65:
        return rng.choice((None, "", [], 3, {"text": "x"}))
    names = {"responses": "output_text" if role == "assistant" else "input_text"}
    kind = names.get(endpoint, "text")
    parts: list[Any] = [{"type": kind, "text": build_text(rng)} for _ in range(rng.randrange(1, 4))]
    if rng.random() < 0.3:
        parts.insert(rng.randrange(len(parts) + 1), rng.choice((_IMAGE, "bare", None, {"type": "text"}, {})))
    if endpoint == "messages" and rng.random() < 0.4:
        text = build_text(rng)
        thinking = {"type": "thinking", "thinking": text, "signature": "s"}
        result = {"type": "tool_result", "tool_use_id": "1", "content": text}
        parts.insert(0, rng.choice((thinking, result, {"type": "tool_use", "id": "1", "name": "f", "input": {}})))
    return parts
