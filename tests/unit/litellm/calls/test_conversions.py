"""Tests of the prediction alone; tests/integration/litellm_proxy/calls compares it with what LiteLLM does."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy.litellm.calls.conversions import is_converted
from prompt_policy.wire import Endpoint

NATIVE_MESSAGES = {"supported_endpoints": ["/v1/messages"]}
TOOLS = [{"type": "function", "function": {"name": "f"}}]


@pytest.mark.parametrize(
    ("endpoint", "kwargs", "expected"),
    [
        ("chat", {"model": "hosted_vllm/m"}, False),
        ("chat", {"model": "openai/responses/m"}, True),
        ("chat", {"model": "openai/responses/m", "_skip_responses_api_bridge": True}, False),
        ("chat", {"model": "openai/gpt-5.4", "tools": TOOLS, "reasoning_effort": "low"}, True),
        ("completions", {"model": "lm_studio/m"}, False),
        ("responses", {"model": "openai/m"}, False),
        ("responses", {"model": "hosted_vllm/m"}, False),
        ("responses", {"model": "lm_studio/m"}, True),
        ("responses", {"model": "m", "custom_llm_provider": "lm_studio"}, True),
        ("responses", {"model": "openai/m", "use_chat_completions_api": True}, True),
        ("responses", {"model": "openai/chat_completions/m"}, True),
        ("responses", {"model": "lm_studio/m", "mock_response": "text"}, False),
        ("messages", {"model": "hosted_vllm/m"}, True),
        ("messages", {"model": "hosted_vllm/m", "model_info": NATIVE_MESSAGES}, False),
        ("messages", {"model": "minimax/m"}, False),
        ("messages", {"model": "anthropic/claude"}, False),
        ("messages", {"model": "vertex_ai/gemini"}, True),
    ],
)
def test_conversion_is_predicted(endpoint: Endpoint, kwargs: dict[str, Any], expected: bool) -> None:
    assert is_converted(endpoint, kwargs) is expected


@pytest.mark.parametrize("endpoint", ["chat", "completions", "responses", "messages"])
@pytest.mark.parametrize("kwargs", [{}, {"model": None}, {"model": "no-such-provider"}, {"model": "m", "tools": 7}])
def test_call_that_litellm_will_refuse_raises_nothing(endpoint: Endpoint, kwargs: dict[str, Any]) -> None:
    assert is_converted(endpoint, kwargs) in (True, False)
