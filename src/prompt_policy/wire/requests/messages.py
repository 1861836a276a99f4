"""Anthropic's Messages: the view of a request."""

from __future__ import annotations

from typing import Final

from prompt_policy.wire.requests.base import Change
from prompt_policy.wire.requests.conversation import Conversation
from prompt_policy.wire.requests.parameters import MAX_TOKENS_ONLY
from prompt_policy.wire.requests.system_field import SystemFieldRequest
from prompt_policy.wire.requests.turn import Role, Turn, extract_text, is_tool_result
from prompt_policy.wire.values import MISSING, Json, JsonObject

_ROLES: Final[dict[str, Role]] = {"user": "user", "assistant": "assistant", "system": "system"}


class MessagesRequest(SystemFieldRequest):
    """A body of ``/v1/messages``. ``system`` appears as the first message of the conversation."""

    endpoint = "messages"
    token_limits = MAX_TOKENS_ONLY
    text_change = Change("messages", MISSING, MISSING)
    system_change = Change("system", MISSING, MISSING)

    def _read(self) -> Conversation:
        messages = self._body.get("messages")
        turns = [_read_message(message) for message in messages] if isinstance(messages, list) else []
        if self._has_field(self._body):
            system = self._body["system"]
            turns = [Turn("system", self.build_system_message(system), extract_text(system)), *turns]
        return Conversation.from_turns(turns)

    def _has_field(self, body: JsonObject) -> bool:
        messages, system = body.get("messages"), body.get("system")
        return isinstance(messages, list) and bool(messages and system) and isinstance(system, str | list)

    def _write(self, body: JsonObject, conversation: Conversation) -> None:
        if (messages := self._write_field(body, conversation)) is not None:
            body["messages"] = messages

    def add_prefill(self, text: str) -> None:
        """Raise NotImplementedError: vLLM's endpoint starts a new turn after a final assistant message."""
        raise NotImplementedError("Messages cannot be continued")


def _read_message(message: Json) -> Turn:
    """Return the turn of one message; a user message that consists of tool results has the role ``tool``."""
    content = message.get("content") if isinstance(message, dict) else None
    if not isinstance(content, str | list):
        return Turn("other", message, "")
    name = message.get("role")
    role = _ROLES.get(name, "other") if isinstance(name, str) else "other"
    if role == "user" and isinstance(content, list) and content and all(is_tool_result(block) for block in content):
        return Turn("tool", message, "")
    return Turn(role, message, extract_text(content))
