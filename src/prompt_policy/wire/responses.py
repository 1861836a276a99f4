"""Responses: the view of a request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from prompt_policy.wire.request import Request
from prompt_policy.wire.turn import Role, Turn, text_of
from prompt_policy.wire.values import Json, JsonObject

_ROLES: Final[dict[str, Role]] = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
_TEXT: Final = "input_text"


class Instructions(dict[str, Json]):
    """The message that stands for ``instructions``, which is none on the wire."""


class ResponsesRequest(Request):
    """A body of ``/v1/responses``. ``instructions`` is seen as a first system message."""

    endpoint = "responses"
    token_limit = "max_output_tokens"
    text_path = "input"

    def _read_turns(self) -> Sequence[Turn]:
        given, told = self._body.get("input"), self._body.get("instructions")
        if isinstance(given, str):
            turns = [Turn("user", {"role": "user", "content": given}, given, _TEXT)]
        else:
            turns = [_turn(item) for item in given] if isinstance(given, list) else []
        if turns and isinstance(told, str) and told:
            return [Turn("system", Instructions(role="system", content=told), told, _TEXT), *turns]
        return turns

    def _write_turns(self, body: JsonObject, turns: Sequence[Turn]) -> None:
        items = [turn.raw for turn in turns if not isinstance(turn.raw, Instructions)]
        if len(items) == len(turns) and isinstance(told := body.get("instructions"), str) and told:
            del body["instructions"]
        body["input"] = _as_it_came(items, self._given.get("input"))

    def open_answer(self, text: str) -> None:
        """Add an assistant's message that is still in progress: the server goes on from there."""
        part = {"type": "output_text", "text": text, "annotations": []}
        message = {"type": "message", "id": "msg_opening", "role": "assistant", "status": "in_progress"}
        self.set_turns([*self.turns, Turn("assistant", {**message, "content": [part]}, "", "output_text")])

    @property
    def json_mode(self) -> bool:
        """Whether the answer is bound to a format."""
        text = self._body.get("text")
        wanted = text.get("format") if isinstance(text, dict) else None
        return (isinstance(wanted, dict) and wanted.get("type") not in (None, "text")) or super().json_mode

    @property
    def wants_logprobs(self) -> bool:
        """Whether tokens are reported one by one."""
        included = self._body.get("include")
        return "message.output_text.logprobs" in (included if isinstance(included, list) else ()) or bool(
            self._body.get("top_logprobs")
        )


def _turn(item: Json) -> Turn:
    """Read one item; calls, reasoning and what is unknown are nobody's text."""
    kind = item.get("type", "message") if isinstance(item, dict) else None
    if kind == "function_call_output":
        return Turn("tool", item, "")
    if kind != "message" or not isinstance(item.get("content"), str | list):
        return Turn("other", item, "")
    said = item.get("role")
    role = _ROLES.get(said, "other") if isinstance(said, str) else "other"
    return Turn(role, item, text_of(item["content"]), "output_text" if role == "assistant" else _TEXT)


def _as_it_came(items: list[Json], given: Json) -> Json:
    """Return one user's text as a text, where it came as one."""
    if isinstance(given, str) and len(items) == 1 and items[0].keys() == {"role", "content"}:
        only = items[0]
        if only["role"] == "user" and isinstance(only["content"], str):
            return only["content"]
    return items
