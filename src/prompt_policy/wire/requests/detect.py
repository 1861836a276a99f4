"""Detects the endpoint that a request body was written for."""

from __future__ import annotations

from typing import Final

from prompt_policy.wire.requests.base import Endpoint
from prompt_policy.wire.values import Json, JsonObject

_MESSAGES_KEYS: Final = frozenset({"system", "stop_sequences", "anthropic_version", "thinking"})
_MESSAGES_BLOCKS: Final = ("tool_use", "tool_result", "thinking", "redacted_thinking", "document")


def detect_endpoint(body: JsonObject) -> Endpoint | None:
    """Return the endpoint that a body fits, or None. Keys that only Messages has distinguish it from chat."""
    if "messages" in body:
        is_messages = not _MESSAGES_KEYS.isdisjoint(body) or _has_messages_blocks(body["messages"])
        return "messages" if is_messages else "chat"
    if "input" in body:
        return "responses"
    return "completions" if "prompt" in body else None


def _has_messages_blocks(messages: Json) -> bool:
    contents = [m.get("content") for m in messages if isinstance(m, dict)] if isinstance(messages, list) else []
    blocks = [block for content in contents if isinstance(content, list) for block in content]
    return any(
        isinstance(block, dict) and (block.get("type") in _MESSAGES_BLOCKS or "cache_control" in block)
        for block in blocks
    )
