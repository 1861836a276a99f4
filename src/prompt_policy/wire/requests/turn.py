"""One message of a conversation, rewritten without changing the original."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Literal, NamedTuple

from prompt_policy.wire.values import Json

Role = Literal["system", "user", "assistant", "tool", "other"]

_PLAIN_TYPES: Final = ("text", "input_text", "output_text")  # a tuple, because a type from a client may be unhashable
_TEXT_KEYS: Final = {**dict.fromkeys(_PLAIN_TYPES, "text"), "refusal": "refusal", "thinking": "thinking"}
"""The key that holds the text of a part, by the part's type: the types that vLLM reads as text in every role."""
_POSITIONED_KEYS: Final = ("annotations", "citations", "logprobs")
"""Keys of a text part that refer to positions in its text."""


class SystemField(dict[str, Json]):
    """A field of the body that holds the system prompt, in the form of a message."""


class Turn(NamedTuple):
    """One message; immutable.

    Attributes:
        role: the normalised role.
        raw: the message as sent on the wire.
        original_text: the text that the client sent. Rewriting does not change it, so that conditions evaluate the
            client's question and not the result of earlier rules.
        text_type: the API's name for a new text part.
    """

    role: Role
    raw: Json
    original_text: str
    text_type: str = "text"

    @property
    def content(self) -> Json:
        """The message's content: a string, a list of parts, or None."""
        return self.raw.get("content")

    @property
    def text(self) -> str:
        """The text of the message, its parts joined by newlines."""
        return extract_text(self.content)

    def with_content(self, content: Json) -> Turn:
        """Return this turn with other content; a field of the body stays one."""
        raw = {**self.raw, "content": content}
        return self._replace(raw=SystemField(raw) if isinstance(self.raw, SystemField) else raw)

    def append_text(self, addition: str, separator: str) -> Turn:
        """Return this turn with text appended; see ``append_to_content``."""
        return self.with_content(append_to_content(self.content, addition, separator, self.text_type))

    def map_first_text(self, edit: Callable[[str], str]) -> Turn:
        """Return this turn with its first text edited; itself if the text stays the same."""
        content = self.content
        if isinstance(content, str):
            edited: Json = edit(content)
        elif isinstance(content, list):
            first = next((i for i, part in enumerate(content) if is_text(part)), None)
            edited = content if first is None else _edit_part(content, first, edit)
        else:
            return self
        return self if edited == content else self.with_content(edited)


def are_of_one_speaker(one: Turn, other: Turn) -> bool:
    """Return whether two turns have the same role and the same ``name``."""
    return one.role == other.role and one.raw.get("name") == other.raw.get("name")


def merge_speaker_turns(turns: Sequence[Turn], content: Json, separator: str) -> Turn:
    """Return turns of one speaker as one with the given content. It has the keys of all; those of the first win."""
    if len(turns) == 1:
        return turns[0].with_content(content)
    keys = {key: value for turn in reversed(turns) for key, value in turn.raw.items()}
    text = separator.join([turn.original_text for turn in turns])
    return turns[0]._replace(raw={**keys, "content": content}, original_text=text)


def append_to_content(content: Json, addition: str, separator: str, text_type: str) -> Json:
    """Return content with text appended: to the string, to the last text part of a list, or as a new part."""
    if not isinstance(content, list):
        return _join(content, addition, separator)
    for index in range(len(content) - 1, -1, -1):
        if is_text(content[index]):
            return _edit_part(content, index, lambda t: _join(t, addition, separator))
    return [*content, {"type": text_type, "text": addition}]


def is_text(part: Json) -> bool:
    """Return whether a content part is plain text, to which other text may be added."""
    if isinstance(part, dict):
        return part.get("type") in _PLAIN_TYPES and isinstance(part.get("text"), str)
    return isinstance(part, str)


def is_tool_result(part: Json) -> bool:
    """Return whether a content part is a tool's result, as Messages has them in user turns."""
    return isinstance(part, dict) and part.get("type") == "tool_result"


def read_part(part: Json) -> str | None:
    """Return the text of a content part that servers put into the prompt as text, or None."""
    if isinstance(part, str):
        return part
    kind = part.get("type") if isinstance(part, dict) else None
    key = _TEXT_KEYS.get(kind) if isinstance(kind, str) else None
    text = None if key is None else part.get(key)
    if isinstance(text, list):  # Mistral's reasoning is a list of text parts
        return "\n".join([item if isinstance(item, str) else item["text"] for item in text if is_text(item)])
    return text if isinstance(text, str) else None


def extract_text(content: Json) -> str:
    """Return the text of a message's content, its text parts joined by newlines."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    return "\n".join([text for part in content if (text := read_part(part)) is not None])


def flatten_parts(content: Json) -> Json:
    """Return a list that consists of plain text as a string, its parts joined by newlines; other content as it is.

    A part with another key, such as ``cache_control``, keeps the list.
    """
    if not isinstance(content, list) or not content or not all(map(_is_bare_text, content)):
        return content
    return extract_text(content) or content


def _is_bare_text(part: Json) -> bool:
    is_bare = not isinstance(part, dict) or not any(value for key, value in part.items() if key not in ("type", "text"))
    return is_bare and is_text(part)


def merge_contents(contents: Sequence[Json], separator: str, text_type: str) -> Json:
    """Return several contents merged into one: a string if all are strings, otherwise a list with every part.

    If one content ends with text and the next begins with text, both texts go into one part, which has the keys of
    both. Tool results come first, because they must directly follow the call.
    """
    filled = [content for content in contents if content]
    if len(filled) <= 1:
        return filled[0] if filled else contents[-1]
    if all(isinstance(content, str) for content in filled):
        return separator.join(filled)
    lists = [content if isinstance(content, list) else [{"type": text_type, "text": content}] for content in filled]
    results = [part for content in lists for part in content if is_tool_result(part)]
    if results:
        lists = [[part for part in content if not is_tool_result(part)] for content in lists]
    return [*results, *_merge_lists([content for content in lists if content], separator)]


def _merge_lists(contents: Sequence[list[Json]], separator: str) -> list[Json]:
    parts: list[Json] = []
    pending: list[Json] = []  # text parts that become one part
    for first, *rest in contents:
        if not _can_extend(pending, first):
            parts += _join_parts(pending, separator)
            pending = []
        pending.append(first)
        if rest:
            parts += [*_join_parts(pending, separator), *rest[:-1]]
            pending = rest[-1:]
    return [*parts, *_join_parts(pending, separator)]


def _can_extend(pending: Sequence[Json], part: Json) -> bool:
    """Return whether a part may be joined to the parts before it: all are text, and no position would shift."""
    is_fixed = isinstance(part, dict) and any(part.get(key) for key in _POSITIONED_KEYS)
    return bool(pending) and is_text(pending[-1]) and is_text(part) and not is_fixed


def _join_parts(parts: Sequence[Json], separator: str) -> Sequence[Json]:
    """Return text parts joined into one, which has the keys of all; a later part's keys take precedence."""
    if len(parts) <= 1:
        return parts
    text = separator.join([text for part in parts if (text := extract_text([part]))])
    keys = {key: value for part in parts if isinstance(part, dict) for key, value in part.items()}
    return [{**keys, "text": text} if keys else text]


def _join(text: str | None, addition: str, separator: str) -> str:
    return text + separator + addition if text else addition


def _edit_part(parts: list[Json], index: int, edit: Callable[[str], str]) -> list[Json]:
    edited = _with_text(parts[index], edit(extract_text([parts[index]])))
    return [*parts[:index], edited, *parts[index + 1 :]]


def _with_text(part: Json, text: str) -> Json:
    return text if isinstance(part, str) else {**part, "text": text}
