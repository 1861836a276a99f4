"""The questions of a run, from a file or from those that are shipped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from prompt_policy.errors import LoadError, Problem, UsageError
from prompt_policy.wire.values import Json

BUILTIN: Final = "builtin:"
_GSM8K: Final = "####"
_NO_FAMILY: Final = "all"


class Question(BaseModel):
    """One question with the answer that is right."""

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)

    id: str = Field(min_length=1)
    question: str = Field(min_length=1)
    answer: str = Field(min_length=1)
    family: str = _NO_FAMILY


def questions_of(source: str, seed: int) -> tuple[Question, ...]:
    """Return the questions of ``FILE.jsonl`` or ``builtin:N``.

    Raise LoadError with every mistake in a file, UsageError where there is none.
    """
    if source.startswith(BUILTIN):
        count = source.removeprefix(BUILTIN)
        if not count.isascii() or not count.isdigit() or int(count) == 0:
            raise UsageError(f"--questions {source}: expected builtin:N with N from 1, such as builtin:100")
        from prompt_policy.bench.builtin import builtin_questions

        return builtin_questions(int(count), seed)
    return read_questions(Path(source))


def read_questions(path: Path) -> tuple[Question, ...]:
    """Return the questions of a JSONL file: ``id, question, answer[, family]`` on each line.

    An answer that ends with a line ``#### X``, as GSM8K's do, is X. Without an id the line's number is taken.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    problems: list[Problem] = []
    found = [each for number, line in enumerate(lines, 1) for each in _read(path, number, line, problems)]
    seen: dict[str, int] = {}
    for number, question in found:
        if question.id in seen:
            problems.append(
                _problem(path, number, "id", f"'{question.id}' is already that of line {seen[question.id]}")
            )
        seen.setdefault(question.id, number)
    if problems:
        raise LoadError(problems)
    if not found:
        raise UsageError(f"{path}: holds no questions")
    return tuple(question for _number, question in found)


def _read(path: Path, number: int, line: str, problems: list[Problem]) -> Iterator[tuple[int, Question]]:
    if not line.strip():
        return
    try:
        value: Json = json.loads(line)
    except ValueError as error:
        problems.append(_problem(path, number, "", f"no JSON: {error}"))
        return
    if not isinstance(value, dict):
        problems.append(_problem(path, number, "", "expected an object with id, question and answer"))
        return
    try:
        question = Question.model_validate({"id": str(number), **value})
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            where = ".".join(str(part) for part in detail["loc"])
            message = "is missing" if detail["type"] == "missing" else detail["msg"].lower()
            problems.append(_problem(path, number, where, message))
        return
    yield number, question.model_copy(update={"answer": _final(question.answer)})


def _problem(path: Path, number: int, where: str, message: str) -> Problem:
    return Problem(str(path), number, 1, where, message)


def _final(answer: str) -> str:
    _worked, mark, last = answer.rpartition(_GSM8K)
    return last.strip() if mark else answer.strip()
