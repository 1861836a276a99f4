"""Add a text to the end of user turns."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from prompt_policy.conditions.language import language_of
from prompt_policy.kinds.base import Admits, Rule, Skip, Transform
from prompt_policy.wire import Request, Turn
from prompt_policy.yaml_model import Texts, in_language


class AppendSuffix(Rule):
    """Add a text to the end of user turns, in the language of each turn.

    ``every_user`` is the default because a turn then reads the same in every later request, so that the engine's
    prefix cache holds. ``when: {task: ...}`` and ``when: {language: ...}`` are asked of each turn by itself.

    - Never twice: a turn that already holds any of the texts, or an ``unless_contains``, is left alone.
    - In a list of parts the last text part gets it; an image alone gets a text part beside it.
    - Not on tool results, not in JSON mode, and not when the client prefilled the answer.
    """

    judges_turns = True
    never_with = frozenset({"json_mode"})

    kind: Literal["append_suffix"]
    text: Texts = Field(description="One text, or one per language; the first is the fallback.")
    to: Literal["every_user", "last_user"] = Field("every_user", description="The user turns that get it.")
    separator: str = Field("\n", description="Between the turn's text and the suffix.")
    unless_contains: tuple[str, ...] = Field((), description="Leave turns alone that hold any of these.")

    @property
    def marks_last_turn(self) -> bool:
        """With ``to: last_user``."""
        return self.to == "last_user"

    def transform(self) -> Transform:
        """Compile to one pass over the user turns."""
        known = (*self.text.values(), *self.unless_contains)

        def suffixed(turn: Turn) -> Turn:
            if any(text in turn.text for text in known):
                return turn
            text = in_language(self.text, language_of(turn.own_text))
            return turn.with_text_after(text, self.separator)

        def transform(request: Request, admits: Admits) -> Skip | None:
            if reason := _unsuited(request):
                return reason
            turns = list(request.turns)
            users = [index for index, turn in enumerate(turns) if turn.role == "user"]
            for index in users if self.to == "every_user" else users[-1:]:
                if admits(turns[index], index == users[-1]):
                    turns[index] = suffixed(turns[index])
            request.set_turns(turns)
            return None

        return transform


def _unsuited(request: Request) -> Skip | None:
    if request.came.json_mode:
        return Skip("JSON mode")
    if request.came.is_prefilled:
        return Skip("the client prefilled the answer")
    return None
