"""Chat completions: the view of a request."""

from __future__ import annotations

from collections.abc import Sequence
from types import NoneType
from typing import Final

from prompt_policy.wire.request import Request
from prompt_policy.wire.turn import Role, Turn, text_of
from prompt_policy.wire.values import Json, JsonObject

_CONTENT: Final = (str, list, NoneType)
_ROLES: Final[dict[str, Role]] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}


class ChatRequest(Request):
    """A body of ``/v1/chat/completions``."""

    endpoint = "chat"
    token_limit = "max_tokens"
    text_path = "messages"

    def _read_turns(self) -> Sequence[Turn]:
        messages = self._body.get("messages")
        return [_turn(message) for message in messages] if isinstance(messages, list) else ()

    def _write_turns(self, body: JsonObject, turns: Sequence[Turn]) -> None:
        body["messages"] = [turn.raw for turn in turns]

    def open_answer(self, text: str) -> None:
        """Add the message and the two flags that vLLM wants together (see docs/kinds.md)."""
        opening = Turn("assistant", {"role": "assistant", "content": text}, "")
        self.set_turns([*self.turns, opening])
        self.set(("continue_final_message",), True)
        self.set(("add_generation_prompt",), False)


def _turn(message: Json) -> Turn:
    """Read one message; what is not one, or has content of no known form, is left to the server to judge."""
    if not isinstance(message, dict):
        return Turn("other", message, "")
    content = message.get("content")
    if not isinstance(content, _CONTENT):
        return Turn("other", message, "")
    role = message.get("role")
    known = _ROLES.get(role, "other") if isinstance(role, str) else "other"
    return Turn(known, message, content if isinstance(content, str) else text_of(content))
