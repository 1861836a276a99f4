"""One message of a conversation, read and rewritten without touching the original."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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


def joined_contents(contents: Sequence[Json], separator: str, text_type: str) -> Json:
    """Return several contents as one: a string if all are, otherwise a list that keeps every part.

    Where one ends with text and the next begins with text, they become one part with the later one's other keys.
    """
    given = [content for content in contents if content]
    if len(given) <= 1:
        return given[0] if given else contents[-1]
    if all(isinstance(content, str) for content in given):
        return separator.join(given)
    parts: list[Json] = []
    texts: list[str] = []  # of the last part, which may go on in the next content
    for content in given:
        first, *rest = content if isinstance(content, list) else ({"type": text_type, "text": content},)
        if texts and is_text(first):
            parts.pop()
        else:
            texts = _ended(parts, texts, separator)
        parts.append(first)
        texts += [text_of([first])] if is_text(first) else []
        if rest:
            _ended(parts, texts, separator)
            parts += rest
            texts = [text_of(rest[-1:])] if is_text(rest[-1]) else []
    _ended(parts, texts, separator)
    return parts


def _ended(parts: list[Json], texts: Sequence[str], separator: str) -> list[str]:
    """Write the texts that belong to the last part into it, where they are more than its own."""
    if len(texts) > 1:
        parts[-1] = _with_text(parts[-1], separator.join([text for text in texts if text]))
    return []


def _joined(text: str | None, addition: str, separator: str) -> str:
    return text + separator + addition if text else addition


def _edited(parts: list[Json], index: int, edit: Callable[[str], str]) -> list[Json]:
    edited = _with_text(parts[index], edit(text_of([parts[index]])))
    return [*parts[:index], edited, *parts[index + 1 :]]


def _with_text(part: Json, text: str) -> Json:
    return text if isinstance(part, str) else {**part, "text": text}
