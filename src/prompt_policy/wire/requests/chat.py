"""Chat completions: the view of a request."""

from __future__ import annotations

from types import NoneType
from typing import Final

from prompt_policy.wire.requests.base import Change, Request
from prompt_policy.wire.requests.conversation import NO_CONVERSATION, Conversation
from prompt_policy.wire.requests.parameters import CHAT_TOKEN_LIMITS
from prompt_policy.wire.requests.turn import Role, Turn, extract_text
from prompt_policy.wire.values import MISSING, Json, JsonObject

_CONTENT: Final = (str, list, NoneType)
_ROLES: Final[dict[str, Role]] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}
_LETTERS: Final = {name: role[0] for name, role in _ROLES.items()}
_ONLY_TEXTS: Final = {str}
_ONLY_OBJECTS: Final = {dict}
_CONTINUED: Final = (Change("continue_final_message", MISSING, True), Change("add_generation_prompt", MISSING, False))


class ChatRequest(Request):
    """A body of ``/v1/chat/completions``."""

    endpoint = "chat"
    token_limits = CHAT_TOKEN_LIMITS
    text_change = Change("messages", MISSING, MISSING)

    def _read(self) -> Conversation:
        messages = self._body.get("messages")
        if not isinstance(messages, list):
            return NO_CONVERSATION
        return _read_plain(messages) or Conversation.from_turns([_read_message(message) for message in messages])

    def _write(self, body: JsonObject, conversation: Conversation) -> None:
        body["messages"] = list(conversation.raws)

    def add_prefill(self, text: str) -> None:
        """Add the message and the two flags that vLLM requires together (see docs/reference/kinds.md)."""
        self.set_conversation(self.conversation.with_prefill({"role": "assistant", "content": text}))
        body = self.body
        if "continue_final_message" in body or "add_generation_prompt" in body:
            self.set(("continue_final_message",), True)
            self.set(("add_generation_prompt",), False)
            return
        body["continue_final_message"] = True
        body["add_generation_prompt"] = False
        self.changes += _CONTINUED


def _read_plain(messages: list[Json]) -> Conversation | None:
    """Return the conversation if every message has a known role and a string as content, as nearly all have."""
    try:
        roles = "".join([_LETTERS[message["role"]] for message in messages])
        texts = [message["content"] for message in messages]
    except (KeyError, TypeError):
        return None
    is_plain = {*map(type, texts)} == _ONLY_TEXTS and {*map(type, messages)} == _ONLY_OBJECTS
    return Conversation(roles, messages, texts) if is_plain else None


def _read_message(message: Json) -> Turn:
    """Return the turn of one message; the server validates malformed messages, which have the role ``other``."""
    if not isinstance(message, dict):
        return Turn("other", message, "")
    content, role = message.get("content"), message.get("role")
    known = _ROLES.get(role, "other") if isinstance(role, str) else "other"
    if isinstance(content, str):
        return Turn(known, message, content)
    if not isinstance(content, _CONTENT):
        return Turn("other", message, "")
    return Turn(known, message, extract_text(content))
