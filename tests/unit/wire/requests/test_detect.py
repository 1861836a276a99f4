"""Endpoints, detected by the shape of a body."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy.wire.requests.detect import detect_endpoint
from tests.support.policies import chat


@pytest.mark.parametrize(
    ("body", "endpoint"),
    [
        (chat("Hi"), "chat"),
        (chat(("system", "S"), "Hi"), "chat"),
        ({**chat("Hi"), "system": "S"}, "messages"),
        ({**chat("Hi"), "stop_sequences": []}, "messages"),
        (chat(("user", [{"type": "text", "text": "Hi", "cache_control": {}}])), "messages"),
        (chat(("assistant", [{"type": "tool_use", "id": "1"}])), "messages"),
        (chat(("user", [{"type": "text", "text": "Hi"}, 3])), "chat"),
        (chat(("user", [{"type": [], "text": "Hi"}])), "chat"),
        ({"messages": 3}, "chat"),
        ({"input": "Hi"}, "responses"),
        ({"prompt": "Hi"}, "completions"),
        ({"model": "m"}, None),
    ],
)
def test_endpoint_is_detected_by_the_body(body: dict[str, Any], endpoint: str | None) -> None:
    assert detect_endpoint(body) == endpoint
