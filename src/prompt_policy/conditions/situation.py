"""What a condition may look at: the request as it came, and what the host knows around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from prompt_policy.conditions.language import language_of
from prompt_policy.conditions.tasks import task_of
from prompt_policy.wire import Json, Request, Turn

TASK_HEADER: Final = "x-prompt-policy-task"


@dataclass(frozen=True)
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


@dataclass(frozen=True)
class Situation:
    """One request as it came, with verdicts that are computed once and only when a rule asks."""

    request: Request
    facts: Facts
    turn: Turn | None = None
    """The turn that is judged; None: the last user turn."""

    @property
    def model(self) -> str:
        """The real model's name."""
        return self.facts.model or self.request.model

    @property
    def text(self) -> str:
        """The text that is judged."""
        return self.request.last_user_text if self.turn is None else self.turn.own_text

    @cached_property
    def task(self) -> str:
        """The task of the judged text; the caller's word holds for the last turn."""
        return self.facts.task or task_of(self.text)

    @property
    def verdict(self) -> str | None:
        """The task, where something asked for it."""
        return self.__dict__.get("task")

    @cached_property
    def language(self) -> str:
        """The language of the judged text."""
        return language_of(self.text)

    def of_turn(self, turn: Turn, *, is_last: bool) -> Situation:
        """Return the situation with another turn to judge; the caller's word is for the last turn only."""
        return self if is_last else replace(self, facts=replace(self.facts, task=None), turn=turn)
