"""One message of a conversation, read and rewritten without touching the original."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from prompt_policy.wire.values import Json

Role = Literal["system", "user", "assistant", "tool", "other"]

_TEXT_TYPES = ("text", "input_text", "output_text")  # no set: a type may be anything, a list for one


class Turn(NamedTuple):
    """One message. ``raw`` is the message on the wire and is never changed, only replaced.

    ``own_text`` is the text as the client sent it; it stays the same through every rewriting, so that
    a condition judges what was asked and not what a rule made of it. ``text_type`` is the name that
    the API gives to a new text part.
    """

    role: Role
    raw: Json
    own_text: str
    text_type: str = "text"

    @property
    def content(self) -> Json:
        """The message's content: a string, a list of parts, or None."""
        return self.raw.get("content")

    @property
    def text(self) -> str:
        """All text of the message, its parts joined by newlines."""
        return text_of(self.content)

    def with_content(self, content: Json) -> Turn:
        """Return this turn with other content."""
        return Turn(self.role, {**self.raw, "content": content}, self.own_text, self.text_type)

    def with_text_after(self, addition: str, separator: str) -> Turn:
        """Return this turn with text at its end; in a part list the last text part gets it."""
        content = self.content
        if not isinstance(content, list):
            return self.with_content(_joined(content, addition, separator))
        for index in range(len(content) - 1, -1, -1):
            if is_text(content[index]):
                return self.with_content(_edited(content, index, lambda t: _joined(t, addition, separator)))
        return self.with_content([*content, {"type": self.text_type, "text": addition}])

    def with_content_before(self, addition: Json, separator: str) -> Turn:
        """Return this turn with other content, text or parts, in front of its own."""
        return self.with_content(joined_content(addition, self.content, separator, self.text_type))

    def with_first_text(self, edit: Callable[[str], str]) -> Turn:
        """Return this turn with its first text edited, or this very turn if that changes nothing."""
        content = self.content
        if isinstance(content, str):
            edited: Json = edit(content)
        elif isinstance(content, list):
            first = next((i for i, part in enumerate(content) if is_text(part)), None)
            edited = content if first is None else _edited(content, first, edit)
        else:
            return self
        return self if edited == content else self.with_content(edited)


def is_text(part: Json) -> bool:
    """Tell whether a content part is text."""
    if isinstance(part, dict):
        return part.get("type") in _TEXT_TYPES and isinstance(part.get("text"), str)
    return isinstance(part, str)


def text_of(content: Json) -> str:
    """Return the text of a message's content, its text parts joined by newlines."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    return "\n".join(part if isinstance(part, str) else part["text"] for part in content if is_text(part))


def joined_content(before: Json, after: Json, separator: str, text_type: str) -> Json:
    """Return two contents as one: a string if both are, otherwise a list that keeps every part."""
    if not before or not after:
        return before or after
    if isinstance(before, str) and isinstance(after, str):
        return before + separator + after
    head, tail = _parts(before, text_type), _parts(after, text_type)
    if is_text(head[-1]) and is_text(tail[0]):
        glued = _edited(tail, 0, lambda text: _joined(text_of([head[-1]]), text, separator))
        return [*head[:-1], *glued]
    return [*head, *tail]


def _parts(content: Json, text_type: str) -> list[Json]:
    return content if isinstance(content, list) else [{"type": text_type, "text": content}]


def _joined(text: str | None, addition: str, separator: str) -> str:
    return text + separator + addition if text else addition


def _edited(parts: list[Json], index: int, edit: Callable[[str], str]) -> list[Json]:
    part = parts[index]
    edited = edit(part) if isinstance(part, str) else {**part, "text": edit(part["text"])}
    return [*parts[:index], edited, *parts[index + 1 :]]
