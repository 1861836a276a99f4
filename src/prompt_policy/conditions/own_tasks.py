"""Tasks that a policy brings along: words and patterns, judged before the built-in rules for mathematics and code."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Final, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from prompt_policy.conditions.excerpt import excerpt
from prompt_policy.conditions.patterns import Pattern, searcher
from prompt_policy.conditions.tasks import task_of
from prompt_policy.yaml_model import NOT_EMPTY, YamlModel

TaskName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
Judge = Callable[[str], str]
"""Return the task of a user turn."""
OTHER: Final = "other"


class TaskSigns(YamlModel):
    """How a task is told: a turn that holds a word or a pattern, and nothing under ``none``.

    Words are found whatever their case, and whole where they begin or end with a Latin letter or a digit. For
    ``math`` and ``code`` the built-in rules stay, and these come before them.
    """

    model_config = NOT_EMPTY

    any: tuple[str, ...] = Field((), description="Words or phrases; one is enough.")
    matches: tuple[Pattern, ...] = Field((), description="Regular expressions (Rust's); one is enough.")
    none: tuple[str, ...] = Field((), description="Words or phrases that speak against it.")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise PydanticCustomError("empty", "an empty task is never told: give any, matches or none")
        if not all(self.any) or not all(self.none):
            raise PydanticCustomError("empty", "an empty word is in every turn")
        for words in filter(None, (self.any, self.none)):
            try:
                searcher(_of_words(words))
            except ValueError:
                raise PydanticCustomError("words", "too many words to be searched for") from None
        return self


def compile_tasks(tasks: Mapping[str, TaskSigns]) -> Judge:
    """Return what tells the task of a turn: the policy's own tasks in their order, then the built-in ones."""
    if not tasks:
        return task_of
    own = [(name, _finder(signs.any, signs.matches), _finder(signs.none, ())) for name, signs in tasks.items()]

    def judge(text: str) -> str:
        seen = excerpt(text)
        against = [name for name, _found, speaks_against in own if speaks_against(seen)]
        for name, found, _speaks_against in own:
            if name not in against and found(seen):
                return name
        verdict = task_of(text)
        return OTHER if verdict in against else verdict

    return judge


def _finder(words: tuple[str, ...], patterns: tuple[str, ...]) -> Callable[[str], bool]:
    searchers = [searcher(pattern) for pattern in (*patterns, *([_of_words(words)] if words else ()))]
    return lambda text: any(found(text) for found in searchers)


def _of_words(words: tuple[str, ...]) -> str:
    """Return one pattern for words; a Chinese word has no ends to be seen."""
    return "(?i)" + "|".join(f"{_end(word[0])}{re.escape(word)}{_end(word[-1])}" for word in words)


def _end(character: str) -> str:
    return r"\b" if character.isascii() and character.isalnum() else ""
