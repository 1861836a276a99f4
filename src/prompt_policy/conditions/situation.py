"""What a condition may look at: the request as it came, and what the host knows around it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from prompt_policy.conditions.language import language_of
from prompt_policy.conditions.own_tasks import Judge
from prompt_policy.conditions.tasks import task_of
from prompt_policy.wire import Json, JsonObject, Request, Turn

TASK_HEADER: Final = "x-prompt-policy-task"
SKIP_HEADER: Final = "x-prompt-policy-skip"
_MOST_SKIPS: Final = 32
_LONGEST_HEADER: Final = 2048
_NAMES: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Facts(NamedTuple):
    """What a host knows beside the body.

    ``model`` is the real model's name (the body's where None); ``task`` is the caller's own word for the
    task of the last turn; ``has_reasoning_parser`` says that the server splits the thought off by itself.
    ``tags``, ``metadata``, ``team`` and ``key_alias`` are for conditions; ``skips`` are the rules that the caller
    asks to be spared, and ``may_skip`` those that the host lets him be spared of, None for all.
    """

    model: str | None = None
    task: str | None = None
    has_reasoning_parser: bool = False
    tags: tuple[str, ...] = ()
    metadata: JsonObject | None = None
    team: str | None = None
    key_alias: str | None = None
    skips: tuple[str, ...] = ()
    may_skip: tuple[str, ...] | None = None

    @classmethod
    def told(cls, headers: Mapping[str, str], metadata: Json) -> Facts:
        """Return what a caller says of a request by headers, their names in lower case, and by its metadata."""
        known = metadata if isinstance(metadata, dict) else None
        task = headers.get(TASK_HEADER) or (known or {}).get("task")
        skips = headers.get(SKIP_HEADER)
        return cls(
            task=task if isinstance(task, str) and task else None,
            metadata=known,
            tags=_texts((known or {}).get("tags")),
            skips=tuple(_NAMES.findall(skips[:_LONGEST_HEADER])[:_MOST_SKIPS]) if skips else (),
        )

    def spares(self, rule: str) -> bool:
        """Tell whether the caller is to be spared a rule that can be skipped."""
        return rule in self.skips and (self.may_skip is None or rule in self.may_skip)


def _texts(value: Json) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


class Situation:
    """One request as it came, with verdicts that are computed once and only when a rule asks.

    Arguments:
        request: the request as it came.
        facts: what the host knows.
        judge: what tells a turn's task.
        turn: the turn that is judged; None: the last user turn, for which the caller's own word holds.
    """

    __slots__ = ("_judge", "_language", "_turn", "facts", "request", "verdict")

    def __init__(self, request: Request, facts: Facts, judge: Judge = task_of, turn: Turn | None = None) -> None:
        self.request = request
        self.facts = facts
        self._judge = judge
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
            self.verdict = (self.facts.task if self._turn is None else None) or self._judge(self.text)
        return self.verdict

    @property
    def language(self) -> str:
        """The language of the judged text."""
        if self._language is None:
            self._language = language_of(self.text)
        return self._language

    def of_turn(self, turn: Turn, *, is_last: bool) -> Situation:
        """Return the situation with another turn to judge."""
        return self if is_last else Situation(self.request, self.facts, self._judge, turn)
