"""Endpoints, told by the shape of a body."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy.wire.shape import endpoint_of_body
from tests.support import chat


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
def test_shapes(body: dict[str, Any], endpoint: str | None) -> None:
    assert endpoint_of_body(body) == endpoint
