"""Responses: the view of a request."""

from __future__ import annotations

from typing import Final

from prompt_policy.wire.requests.base import Change
from prompt_policy.wire.requests.conversation import Conversation
from prompt_policy.wire.requests.parameters import RESPONSES_TOKEN_LIMITS
from prompt_policy.wire.requests.system_field import SystemFieldRequest
from prompt_policy.wire.requests.turn import Role, Turn, extract_text, flatten_parts
from prompt_policy.wire.values import MISSING, Json, JsonObject

_ROLES: Final[dict[str, Role]] = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
_TEXT: Final = "input_text"
_RESULT_ENDINGS: Final = ("_call_output", "_approval_response")
"""The endings of the types of items that are results: ``function_call_output``, ``custom_tool_call_output``, ..."""


class ResponsesRequest(SystemFieldRequest):
    """A body of ``/v1/responses``. ``instructions`` appears as the first message of the conversation."""

    endpoint = "responses"
    token_limits = RESPONSES_TOKEN_LIMITS
    text_change = Change("input", MISSING, MISSING)
    system_change = Change("instructions", MISSING, MISSING)

    def _read(self) -> Conversation:
        items = self._body.get("input")
        if isinstance(items, str):
            turns = [Turn("user", {"role": "user", "content": items}, items, _TEXT)]
        else:
            turns = [_read_item(item) for item in items] if isinstance(items, list) else []
        if self._has_field(self._body):
            instructions = self._body["instructions"]
            turns = [Turn("system", self.build_system_message(instructions), instructions, _TEXT), *turns]
        return Conversation.from_turns(turns)

    def _has_field(self, body: JsonObject) -> bool:
        items, instructions = body.get("input"), body.get("instructions")
        has_items = isinstance(items, str) or (isinstance(items, list) and bool(items))
        return has_items and isinstance(instructions, str) and bool(instructions)

    def _write(self, body: JsonObject, conversation: Conversation) -> None:
        if (items := self._write_field(body, conversation)) is not None:
            body["input"] = _restore_string(items, self._original_body.get("input"))

    def build_system_message(self, content: Json) -> JsonObject:
        """Return ``instructions`` in the form of a message, or an item if the content is more than a text."""
        if isinstance(text := flatten_parts(content), str):
            return super().build_system_message(text)
        return {"type": "message", "role": "system", "content": content}

    @property
    def continues_stored(self) -> bool:
        """Whether the request refers to a stored response or conversation."""
        return bool(self._body.get("previous_response_id") or self._body.get("conversation"))

    def text_type(self, role: str) -> str:
        """Return the type of a new text part, which differs in assistant messages."""
        return "output_text" if role == "a" else _TEXT

    def add_prefill(self, text: str) -> None:
        """Add an assistant message with status ``in_progress``, which the server continues."""
        part = {"type": "output_text", "text": text, "annotations": []}
        message = {"type": "message", "id": "msg_opening", "role": "assistant", "status": "in_progress"}
        self.set_conversation(self.conversation.with_prefill({**message, "content": [part]}))


def _read_item(item: Json) -> Turn:
    """Return the turn of one item; calls, reasoning and unknown items have the role ``other`` and no text."""
    kind = item.get("type", "message") if isinstance(item, dict) else None
    if isinstance(kind, str) and kind.endswith(_RESULT_ENDINGS):
        return Turn("tool", item, "")
    if kind != "message" or not isinstance(item.get("content"), str | list):
        return Turn("other", item, "")
    name = item.get("role")
    role = _ROLES.get(name, "other") if isinstance(name, str) else "other"
    return Turn(role, item, extract_text(item["content"]), "output_text" if role == "assistant" else _TEXT)


def _restore_string(items: list[Json], original: Json) -> Json:
    """Return a single user text as a string if the original input was a string, otherwise the items."""
    if isinstance(original, str) and len(items) == 1 and items[0].keys() == {"role", "content"}:
        only = items[0]
        if only["role"] == "user" and isinstance(only["content"], str):
            return only["content"]
    return items
