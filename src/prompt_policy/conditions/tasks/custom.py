"""Tasks that a policy defines by words and patterns, which take precedence over the built-in classifier."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Final, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from prompt_policy.conditions.excerpt import excerpt
from prompt_policy.conditions.patterns import Pattern, compile_search
from prompt_policy.conditions.tasks.classifier import OTHER, classify_task
from prompt_policy.yaml_model import NonEmptyModel

TaskName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
TaskClassifier = Callable[[str], str]
"""Return the task of a user turn."""
BUILT_IN_TASKS: Final = ("math", "code", OTHER)


class TaskDefinition(NonEmptyModel):
    """The definition of a task. A turn has the task if it contains a word or pattern, and nothing under ``none``.

    Words match regardless of case. A word that begins or ends with a Latin letter or a digit matches only as a whole
    word. Definitions for ``math`` and ``code`` are checked before the built-in rules, which still apply.
    """

    any: tuple[str, ...] = Field((), min_length=1, description="Words or phrases, of which one is enough.")
    matches: tuple[Pattern, ...] = Field(
        (), min_length=1, description="Regular expressions (Rust syntax), of which one is enough."
    )
    none: tuple[str, ...] = Field((), min_length=1, description="Words or phrases that exclude the task.")

    @model_validator(mode="after")
    def _check_words(self) -> Self:
        if not all(self.any) or not all(self.none):
            raise PydanticCustomError("empty", "an empty word matches every turn; remove it")
        for words in filter(None, (self.any, self.none)):
            try:
                compile_search(_build_words_pattern(words))
            except ValueError:
                raise PydanticCustomError("words", "the pattern of these words is too large; remove some") from None
        return self


def compile_tasks(tasks: Mapping[str, TaskDefinition]) -> TaskClassifier:
    """Return a function that classifies turns: by the policy's own tasks in their order, then by the built-in rules."""
    if not tasks:
        return classify_task
    compiled = [
        (name, _compile_matcher(task.any, task.matches), _compile_matcher(task.none, ()))
        for name, task in tasks.items()
    ]

    def classify(text: str) -> str:
        part = excerpt(text)
        excluded = [name for name, _matches, excludes in compiled if excludes(part)]
        for name, matches, _excludes in compiled:
            if name not in excluded and matches(part):
                return name
        task = classify_task(text)
        return OTHER if task in excluded else task

    return classify


def _compile_matcher(words: tuple[str, ...], patterns: tuple[str, ...]) -> Callable[[str], bool]:
    searches = [compile_search(pattern) for pattern in (*patterns, *([_build_words_pattern(words)] if words else ()))]
    return lambda text: any(search(text) for search in searches)


def _build_words_pattern(words: tuple[str, ...]) -> str:
    """Return one pattern for all words. Chinese words have no boundaries: Chinese has no spaces."""
    return "(?i)" + "|".join(f"{_boundary(word[0])}{re.escape(word)}{_boundary(word[-1])}" for word in words)


def _boundary(character: str) -> str:
    return r"\b" if character.isascii() and character.isalnum() else ""
