"""Which endpoint a request's body is for, told by its shape."""

from __future__ import annotations

from typing import Final

from prompt_policy.wire.request import Endpoint
from prompt_policy.wire.values import Json, JsonObject

_OF_MESSAGES: Final = frozenset({"system", "stop_sequences", "anthropic_version", "thinking"})
_BLOCKS: Final = ("tool_use", "tool_result", "thinking", "redacted_thinking", "document")


def endpoint_of_body(body: JsonObject) -> Endpoint | None:
    """Return the endpoint that a body fits, or None. Chat and Messages differ by names that only the latter has."""
    if "messages" in body:
        return "messages" if not _OF_MESSAGES.isdisjoint(body) or _has_blocks(body["messages"]) else "chat"
    if "input" in body:
        return "responses"
    return "completions" if "prompt" in body else None


def _has_blocks(messages: Json) -> bool:
    contents = [m.get("content") for m in messages if isinstance(m, dict)] if isinstance(messages, list) else []
    blocks = [block for content in contents if isinstance(content, list) for block in content]
    return any(
        isinstance(block, dict) and (block.get("type") in _BLOCKS or "cache_control" in block) for block in blocks
    )
