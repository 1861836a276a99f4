"""Hostile request bodies of each endpoint: any value in any place, and bytes that are almost JSON."""

from __future__ import annotations

from typing import Any, Final

from hypothesis import strategies as st

from prompt_policy.wire import Endpoint
from tests.properties.fuzz.json_text import write_json
from tests.properties.fuzz.values import JUNK, mutate
from tests.support.policies import MODEL

ENDPOINTS: Final[tuple[Endpoint, ...]] = ("chat", "completions", "responses", "messages")
PARAMETERS: Final[dict[str, Any]] = {
    "model": MODEL, "temperature": 1.3, "top_p": 0.9, "max_tokens": 100_000, "max_completion_tokens": 5, "seed": 3,
    "stream": True, "n": 2,
    "stop": ["x"], "tools": None, "tool_choice": "auto", "response_format": {"type": "text"}, "logprobs": False,
    "top_logprobs": 0,
    "chat_template_kwargs": {"enable_thinking": True, "b": None}, "metadata": {"task": "math", "tags": ["x"],
    "tier": "free"},
    "a": {"b": {"c": -1}}, "extra_body": {"temperature": 2, "top_k": 5}, "structured_outputs": {},
    "reasoning_effort": "low",
    "thinking": {"type": "enabled"}, "reasoning": {"effort": "low"}, "stream_options": {"include_usage": True},
    "include_reasoning": True,
    "continue_final_message": False, "top_k": 7,
}  # fmt: skip
_CALL: Final = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
_IMAGE: Final = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
_TURNS: Final[list[Any]] = [
    {"role": "system", "content": "Be kind."},
    {"role": "developer", "content": [{"type": "text", "text": "Be brief."}, _IMAGE]},
    {"role": "user", "content": "Solve x^2 - 5x + 6 = 0.", "name": "n"},
    {"role": "assistant", "content": "<think>\nHm.\n</think>\n\nyes", "reasoning": "Hm.", "reasoning_content": "Hm.",
    "tool_calls": [_CALL]},
    {"role": "tool", "tool_call_id": "1", "content": "4"},
    {"role": "user", "content": [{"type": "text", "text": "求导数 secret"}, _IMAGE, "bare"]},
]  # fmt: skip
_ITEMS: Final[list[Any]] = [
    {"role": "developer", "content": "Be brief."},
    {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Solve x + 1 = 2."}]},
    {"type": "reasoning", "id": "r", "summary": [{"type": "summary_text", "text": "Hm."}], "content": []},
    {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "</think>yes",
    "annotations": []}]},
    {"type": "function_call", "call_id": "1", "name": "f", "arguments": "{}"},
    {"type": "function_call_output", "call_id": "1", "output": "4"},
    {"role": "user", "content": "写一个Python函数"},
]  # fmt: skip
_BLOCKS: Final[list[Any]] = [
    {"role": "user", "content": [{"type": "text", "text": "Solve x + 1 = 2.", "cache_control": {"type": "ephemeral"}}]},
    {"role": "assistant", "content": [{"type": "thinking", "thinking": "Hm.", "signature": "s"}, {"type": "text",
    "text": "<think>a</think>b"}]},
    {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "f", "input": {}}]},
    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "4"}]},
    {"role": "user", "content": "And 合同?"},
]  # fmt: skip
_HI: Final[list[Any]] = [{"role": "user", "content": "Hi"}]
SEEDS: Final[dict[Endpoint, list[Any]]] = {
    "chat": [
        {**PARAMETERS, "messages": _TURNS},
        {"model": MODEL, "messages": _TURNS},
        {"model": MODEL, "messages": [*_HI, {"role": "assistant", "content": "<think>\n"}],
        "continue_final_message": True},
        {"messages": _HI},
    ],
    "completions": [{**PARAMETERS, "prompt": "Hi"}, {"model": MODEL, "prompt": [1, 2, 3], "temperature": 2}],
    "responses": [
        {**PARAMETERS, "input": _ITEMS, "instructions": "Be kind.", "text": {"format": {"type": "text"}},
        "include": [], "max_output_tokens": 9},
        {"model": MODEL, "input": "Hi", "instructions": "Be kind."},
        {"model": MODEL, "input": [*_HI, {"role": "assistant", "content": [], "status": "in_progress"}]},
    ],
    "messages": [
        {**PARAMETERS, "messages": _BLOCKS, "system": [{"type": "text", "text": "Be kind.", "cache_control": {}}],
        "output_config": {"format": None}},
        {"model": MODEL, "messages": _HI, "system": "Be kind.", "max_tokens": 5},
        {"model": MODEL, "messages": _BLOCKS},
    ],
}  # fmt: skip


def request_values(endpoint: Endpoint) -> st.SearchStrategy[Any]:
    """Return request bodies of an endpoint with any value in any place, and sometimes a value that is not a body."""
    return st.one_of(*[mutate(SEEDS[endpoint])] * 9, JUNK)


def _damage(text: str, damage: int, at: int) -> bytes:
    """Return JSON as bytes, damaged in one of several ways at some place."""
    data = text.encode(errors="surrogatepass")
    at %= len(data) + 1
    ways = (
        lambda: data[:at],
        lambda: data[:at] + b"\xff" + data[at:],
        lambda: data[:at] + b"\x00" + data[at:],
        lambda: data[:at] + data[at + 1 :],
        lambda: data + b" garbage",
        lambda: b"\xef\xbb\xbf" + data,
        lambda: text.encode("utf-16", errors="surrogatepass"),
        lambda: text.encode("utf-16-be", errors="surrogatepass"),
        lambda: text.encode("utf-32", errors="surrogatepass"),
        lambda: b'{"model": "other", "temperature": 9, ' + data[1:],
        lambda: data[:-1] + b', "temperature": 9, "messages": 3}',
        lambda: b"\r\n\t " + data + b"\n\n",
        lambda: data.replace(b'"', b"'"),
        lambda: data.replace(b"Hi", b"\xed\xa0\x80"),
        lambda: b"",
    )
    return ways[damage % len(ways)]()


@st.composite
def request_bodies(draw: st.DrawFn, endpoint: Endpoint) -> bytes:
    """Draw a request body of an endpoint: hostile JSON, and in one of four cases damaged bytes."""
    text = write_json(draw(request_values(endpoint)))
    damage = draw(st.integers(-45, 14))
    return text.encode(errors="surrogatepass") if damage < 0 else _damage(text, damage, draw(st.integers(0, 5000)))
