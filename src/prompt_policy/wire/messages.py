"""Anthropic's Messages: the view of a request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from prompt_policy.wire.request import Request
from prompt_policy.wire.turn import Role, Turn, text_of
from prompt_policy.wire.values import Json, JsonObject

_ROLES: Final[dict[str, Role]] = {"user": "user", "assistant": "assistant", "system": "system"}


class System(dict[str, Json]):
    """The message that stands for ``system``, which is none on the wire."""


class MessagesRequest(Request):
    """A body of ``/v1/messages``. ``system`` is seen as a first system message."""

    endpoint = "messages"
    token_limit = "max_tokens"
    text_path = "messages"

    def _read_turns(self) -> Sequence[Turn]:
        messages, told = self._body.get("messages"), self._body.get("system")
        turns = [_turn(message) for message in messages] if isinstance(messages, list) else []
        if turns and told and isinstance(told, str | list):
            return [Turn("system", System(role="system", content=told), text_of(told)), *turns]
        return turns

    def _write_turns(self, body: JsonObject, turns: Sequence[Turn]) -> None:
        messages = [turn.raw for turn in turns if not isinstance(turn.raw, System)]
        if len(messages) == len(turns) and body.get("system"):
            del body["system"]
        body["messages"] = messages

    def open_answer(self, text: str) -> None:
        """Raise: vLLM's own endpoint begins a new turn after a last assistant message."""
        raise NotImplementedError("Messages cannot be continued")

    @property
    def json_mode(self) -> bool:
        """Whether the answer is bound to a format."""
        wanted = self._body.get("output_config")
        bound = wanted.get("format") if isinstance(wanted, dict) else self._body.get("output_format")
        return bool(bound) or super().json_mode


def _turn(message: Json) -> Turn:
    """Read one message; a user's that holds nothing but tool results is a tool's."""
    content = message.get("content") if isinstance(message, dict) else None
    if not isinstance(content, str | list):
        return Turn("other", message, "")
    said = message.get("role")
    role = _ROLES.get(said, "other") if isinstance(said, str) else "other"
    if role == "user" and isinstance(content, list) and content and all(_is_result(block) for block in content):
        return Turn("tool", message, "")
    return Turn(role, message, text_of(content))


def _is_result(block: Json) -> bool:
    return isinstance(block, dict) and block.get("type") == "tool_result"
