"""The user turns of a conversation whose answers have a dictated form."""

from __future__ import annotations

from typing import Final

from prompt_policy.conditions.formats.dictation import dictates_format
from prompt_policy.wire.requests.conversation import Conversation

DICTATED_FORMAT: Final = "the text dictates the answer's format"
"""Why a rule does not act on such a turn."""
_PARAGRAPHS: Final = "\n\n"


class DictatedTurns:
    """The user turns of a conversation whose answers have a dictated form; searched when first needed.

    A turn dictates the form of its own answer. A system message dictates the form of all later answers, and so do the
    paragraphs before the last of a user turn: that is where ``fold_system`` puts system messages, and where the
    instruction of a series of questions stands. Later turns have no effect on earlier ones, so that a turn is treated
    the same in all later requests.
    """

    __slots__ = ("_conversation", "_texts")

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._texts: frozenset[str] | None = None

    def include(self, text: str) -> bool:
        """Return whether the answer to a user turn has a dictated form. An empty text stands for no user turn."""
        if self._texts is None:
            self._texts = _find_dictated_texts(self._conversation)
        return text in self._texts or dictates_format(text)


def _find_dictated_texts(conversation: Conversation) -> frozenset[str]:
    found = set()
    is_in_force = False
    roles, _raws, texts = conversation
    for role, text in zip(roles, texts, strict=True):
        if role == "u" and (is_in_force or dictates_format(text)):
            found.add(text)
        if not is_in_force:
            instruction = text if role == "s" else text.rpartition(_PARAGRAPHS)[0] if role == "u" else ""
            is_in_force = bool(instruction) and dictates_format(instruction)
    if is_in_force and "u" not in roles:
        found.add("")
    return frozenset(found)
