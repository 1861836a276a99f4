"""What a condition may look at: the request as it came, and what the host knows around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from prompt_policy.conditions.language import language_of
from prompt_policy.conditions.tasks import task_of
from prompt_policy.wire import Json, Request, Turn

TASK_HEADER: Final = "x-prompt-policy-task"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a host knows beside the body.

    ``model`` is the real model's name (the body's where None); ``task`` is the caller's own word for the
    task of the last turn; ``has_reasoning_parser`` says that the server splits the thought off by itself.
    """

    model: str | None = None
    task: str | None = None
    has_reasoning_parser: bool = False


def task_hint(headers: Mapping[str, str], metadata: Json) -> str | None:
    """Return the caller's word for the task: the header, or ``metadata.task``."""
    if header := headers.get(TASK_HEADER):
        return header
    hint = metadata.get("task") if isinstance(metadata, dict) else None
    return hint if isinstance(hint, str) and hint else None


class Situation:
    """One request as it came, with verdicts that are computed once and only when a rule asks.

    Arguments:
        request: the request as it came.
        facts: what the host knows.
        turn: the turn that is judged; None: the last user turn, for which the caller's own word holds.
    """

    __slots__ = ("_language", "_turn", "facts", "request", "verdict")

    def __init__(self, request: Request, facts: Facts, turn: Turn | None = None) -> None:
        self.request = request
        self.facts = facts
        self._turn = turn
        self._language: str | None = None
        self.verdict: str | None = None
        """The task, where something asked for it."""

    @property
    def model(self) -> str:
        """The real model's name."""
        return self.facts.model or self.request.model

    @property
    def text(self) -> str:
        """The text that is judged."""
        return self.request.last_user_text if self._turn is None else self._turn.own_text

    @property
    def task(self) -> str:
        """The task of the judged text, or the caller's word for it."""
        if self.verdict is None:
            self.verdict = (self.facts.task if self._turn is None else None) or task_of(self.text)
        return self.verdict

    @property
    def language(self) -> str:
        """The language of the judged text."""
        if self._language is None:
            self._language = language_of(self.text)
        return self._language

    def of_turn(self, turn: Turn, *, is_last: bool) -> Situation:
        """Return the situation with another turn to judge."""
        return self if is_last else Situation(self.request, self.facts, turn)
