"""Add, extend or replace the system prompt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from pydantic import Field

from prompt_policy.conditions.language import detect_language
from prompt_policy.kinds.base import Rule, Transform, TurnPredicate
from prompt_policy.wire import Json, Request, Turn
from prompt_policy.wire.requests.conversation import Conversation
from prompt_policy.wire.requests.turn import SystemField, merge_contents
from prompt_policy.yaml_model import Texts, in_language

_Edit = Callable[[list[Turn], str], list[Turn]]
"""Return the system messages at the start of a conversation, changed to contain a text."""


class SystemPrompt(Rule):
    """Add, extend or replace the system prompt, in the language of the first user turn.

    The system prompt consists of the system and developer messages at the start of the conversation. On Responses it
    begins with ``instructions``, and on Messages with ``system``. The first user turn determines the language, so that
    the prompt stays the same for the whole conversation and the engine's prefix cache holds.

    ``method`` selects the effect:

    - ``if_absent``: add the text if the request has no system prompt. A message without text is one, because the client
      set it; an empty field is not.
    - ``prepend``, ``append``: extend the system prompt, or add the text if there is none.
    - ``replace``: replace the system prompt, or add the text if there is none.

    A prompt that already contains one of the texts is not changed. Without a system prompt, or with an empty one, the
    user turns must not contain one either, because a later rule may have moved it there. Blocks keep their keys such as
    ``cache_control``. A rule that moves system messages must follow this rule.
    """

    kind: Literal["system_prompt"]
    text: Texts = Field(description="One text, or one per language. The first is the fallback.")
    method: Literal["if_absent", "prepend", "append", "replace"] = Field(
        "if_absent", description="How the text is combined with the system prompt of the request."
    )
    separator: str = Field("\n\n", description="Separates the text from the system prompt of the request.")

    def must_precede(self, other: Rule) -> str | None:
        """Require that a rule which moves system messages also moves the text of this rule."""
        return "adds a system prompt" if other.moves_system_messages else None

    def transform(self) -> Transform:
        """Compile to the function of the rule's method."""
        edit, texts, known = self._compile_edit(), self.text, tuple(self.text.values())

        def transform(request: Request, _applies_to: TurnPredicate) -> None:
            count = _count_leading(request)
            if not request.conversation.roles or (count and edit is None):
                return
            turns = request.turns
            has_prompt = any(turn.content for turn in turns[:count])
            if not has_prompt and any(is_present(turn) for turn in turns if turn.role in ("system", "user")):
                return
            if count and edit is not None:
                request.set_turns([*edit(list(turns[:count]), choose_text(request)), *turns[count:]])
            else:
                request.set_turns([_build(request, choose_text(request)), *turns])

        def choose_text(request: Request) -> str:
            return in_language(texts, _detect_first_language(request.conversation)) if len(known) > 1 else known[0]

        def is_present(turn: Turn) -> bool:
            return any(text in turn.text for text in known)

        return transform

    def _compile_edit(self) -> _Edit | None:
        """Return the change of a system prompt that is present; None: it stays as it is."""
        known, separator = tuple(self.text.values()), self.separator

        def prepend(turns: list[Turn], text: str) -> list[Turn]:
            return turns if is_present(turns) else [_merge(turns[0], (text, turns[0].content), separator), *turns[1:]]

        def append(turns: list[Turn], text: str) -> list[Turn]:
            return (
                turns if is_present(turns) else [*turns[:-1], _merge(turns[-1], (turns[-1].content, text), separator)]
            )

        def replace(turns: list[Turn], text: str) -> list[Turn]:
            is_replaced = len(turns) == 1 and turns[0].text in known
            return turns if is_replaced else [_merge(turns[0], (_keep_form(turns[0], text),), separator)]

        def is_present(turns: Sequence[Turn]) -> bool:
            return any(text in turn.text for turn in turns for text in known)

        return {"prepend": prepend, "append": append, "replace": replace}.get(self.method)


def _detect_first_language(conversation: Conversation) -> str:
    first = conversation.roles.find("u")
    return detect_language(conversation.texts[first] if first >= 0 else "")


def _count_leading(request: Request) -> int:
    """Return the number of system messages at the start; if stored turns precede the others, only a field is one."""
    roles, raws, _texts = request.conversation
    if request.continues_stored:
        return int(bool(roles) and isinstance(raws[0], SystemField))
    return len(roles) - len(roles.lstrip("s"))


def _build(request: Request, text: str) -> Turn:
    return Turn("system", request.build_system_message(text), "", request.text_type("s"))


def _merge(turn: Turn, contents: Sequence[Json], separator: str) -> Turn:
    return turn.with_content(merge_contents(contents, separator, turn.text_type))


def _keep_form(turn: Turn, text: str) -> Json:
    """Return a text in the form of the content that it replaces: a string, or a list with the last block's cache."""
    content = turn.content
    if not isinstance(content, list):
        return text
    last = content[-1] if content and isinstance(content[-1], dict) else {}
    keys = {"cache_control": last["cache_control"]} if "cache_control" in last else {}
    return [{"type": turn.text_type, "text": text, **keys}]
