"""The texts of chat messages and deltas, and copies of them."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy.wire.answers.chat import CHANNEL_KEYS, get_text, repeats_reasoning

NESTED = "provider_specific_fields"


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({"reasoning": "a", "reasoning_content": "b"}, "a"),
        ({"reasoning": "", "reasoning_content": "b"}, "b"),
        ({"reasoning": None, "reasoning_content": ""}, ""),
        ({"reasoning": ["a"]}, None),
        ({}, None),
    ],
)
def test_the_first_text_under_the_keys_is_returned(message: dict[str, Any], text: str | None) -> None:
    assert get_text(message, CHANNEL_KEYS["reasoning"]) == text


@pytest.mark.parametrize(
    ("message", "repeated"),
    [
        ({"reasoning": "a"}, False),
        ({"reasoning": "a", "reasoning_content": "a"}, False),
        ({"reasoning": "a", "reasoning_content": ""}, False),
        ({"reasoning": "a", "reasoning_content": "b"}, True),
        ({"reasoning": "a", "reasoning_details": [{"text": "a"}]}, True),
        ({"reasoning": "a", "reasoning_details": [{"type": "reasoning.encrypted", "data": "x"}]}, False),
        ({"reasoning": "a", "reasoning_details": [{"summary": "a"}]}, True),
        ({"reasoning": "a", "thinking_blocks": [{"thinking": "a"}]}, True),
        ({"reasoning": "a", "thinking_blocks": []}, False),
        ({"reasoning": "a", "thinking_blocks": "a"}, False),
        ({"reasoning": "a", "reasoning_items": [{"summary": [{"text": "a"}]}]}, True),
        ({"reasoning": "a", "reasoning_items": [{"encrypted_content": "x", "summary": []}]}, False),
        ({"reasoning": "a", NESTED: {"reasoning_content": "a", "other": 1}}, False),
        ({"reasoning": "a", NESTED: {"reasoning_content": "b"}}, True),
        ({"reasoning": "a", NESTED: {"reasoning_details": [{"text": "a"}]}}, True),
        ({"reasoning": "a", NESTED: {"citations": [{"text": "a"}]}}, False),
        ({"reasoning": "a", NESTED: None}, False),
        ({"reasoning": "a", NESTED: ["b"]}, False),
    ],
)
def test_repeated_reasoning_is_recognised(message: dict[str, Any], repeated: bool) -> None:
    assert repeats_reasoning(message) is repeated
