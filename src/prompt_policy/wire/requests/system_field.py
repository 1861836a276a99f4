"""Requests whose body has a field for the system prompt, which appears as the first message of the conversation."""

from __future__ import annotations

import operator
from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from prompt_policy.wire.requests.base import Change, Request
from prompt_policy.wire.requests.conversation import Conversation
from prompt_policy.wire.requests.turn import SystemField, Turn, merge_contents
from prompt_policy.wire.values import Json, JsonObject


class SystemFieldRequest(Request):
    """A request with a field for the system prompt."""

    system_change: ClassVar[Change]
    """A change of the field; its path is the field's name."""

    def build_system_message(self, content: Json) -> JsonObject:
        """Return the field in the form of a message."""
        return SystemField(role="system", content=content)

    def _list_changes(self, before: Conversation, after: Conversation) -> Sequence[Change]:
        """Return a change of the field, of the messages, or of both."""
        (old, earlier), (new, later) = _split(before.raws), _split(after.raws)
        is_same = _are_same(earlier, later)
        return [*([] if old is new else [self.system_change]), *([] if is_same else [self.text_change])]

    def _write_field(self, body: JsonObject, conversation: Conversation) -> list[Json] | None:
        """Write the field, or delete it if it was moved elsewhere; return the other messages if they changed."""
        name, (field, messages) = self.system_change.path, _split(conversation.raws)
        if field is not None:
            body[name] = field["content"]
        elif self._has_field(body):
            del body[name]
        present = body.get(self.text_change.path)
        return None if isinstance(present, list) and _are_same(present, messages) else list(messages)

    @abstractmethod
    def _has_field(self, body: JsonObject) -> bool:
        """Return whether the field of a body belongs to its conversation: it is not empty, and there are messages."""


def merge_system_turns(request: Request, turns: Sequence[Turn], separator: str, *, is_leading: bool) -> Turn:
    """Return system messages merged into one: the first, with all contents, and with the role ``system``.

    Arguments:
        request: the request of the messages.
        turns: the messages, in their order.
        separator: separates their texts.
        is_leading: whether the first is the first message of the conversation. Otherwise a new message is built.
    """
    first = turns[0]
    content = merge_contents([turn.content for turn in turns], separator, first.text_type)
    if is_leading and not isinstance(first.raw, SystemField):
        raw = {**first.raw, "role": "system", "content": content}
    else:
        raw = request.build_system_message(content)
    return first._replace(raw=raw, original_text=separator.join([turn.original_text for turn in turns]))


def _are_same(one: Sequence[Json], other: Sequence[Json]) -> bool:
    """Return whether two lists contain the same objects."""
    return len(one) == len(other) and all(map(operator.is_, one, other))


def _split(raws: Sequence[Json]) -> tuple[SystemField | None, Sequence[Json]]:
    """Return the field, or None, and the other messages."""
    if raws and isinstance(raws[0], SystemField):
        return raws[0], raws[1:]
    return None, raws
