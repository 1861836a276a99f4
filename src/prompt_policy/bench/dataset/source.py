"""Load the questions of a run from a file or from the built-in set."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from prompt_policy.bench.dataset.builtin import select_builtin_questions, select_easy_questions
from prompt_policy.bench.dataset.question import MATH_METHODS, MatchMethod, Question
from prompt_policy.bench.matching.methods import find_expected_error
from prompt_policy.errors import LoadError, Problem, UsageError
from prompt_policy.wire.values import Json

DEFAULT_EASY_QUESTIONS: Final = 32
_BUILTIN_PREFIX: Final = "builtin:"
_BUILTIN: Final = re.compile(r"builtin:(?:(?P<count>[1-9]\d{0,5})|easy(?::(?P<easy_count>[1-9]\d{0,5}))?)", re.ASCII)
_GSM8K_MARK: Final = "####"


def load_questions(source: str, seed: int, match: MatchMethod = "box") -> tuple[Question, ...]:
    """Return the questions of ``FILE.jsonl``, ``builtin:N`` or ``builtin:easy[:N]``.

    Arguments:
        source: the file, or the kind and number of built-in questions.
        seed: the seed of the built-in questions.
        match: how the answers to questions without a method of their own are compared.

    Raise LoadError with every error in a file, UsageError if the source cannot be used at all.
    """
    if source.startswith(_BUILTIN_PREFIX):
        questions = _select_builtin(source, seed)
        problem = next(filter(None, (find_expected_error(match, question.answer) for question in questions)), None)
        if problem:
            raise UsageError(f"--questions {source} cannot be matched by {match}: {problem}")
        return questions
    return read_question_file(Path(source), match)


def _select_builtin(source: str, seed: int) -> tuple[Question, ...]:
    match = _BUILTIN.fullmatch(source)
    if match is None:
        raise UsageError(
            f"--questions {source}: expected builtin:N or builtin:easy[:N] with N from 1, such as builtin:100"
        )
    if match["count"]:
        return select_builtin_questions(int(match["count"]), seed)
    return select_easy_questions(int(match["easy_count"] or DEFAULT_EASY_QUESTIONS), seed)


def read_question_file(path: Path, match: MatchMethod = "box") -> tuple[Question, ...]:
    """Return the questions of a JSONL file with ``id, question, answer[, family][, match]`` on each line.

    A mathematical answer that ends with ``#### X``, as in GSM8K, is X. The id defaults to the line number.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    problems: list[Problem] = []
    questions = [
        parsed for number, line in enumerate(lines, 1) for parsed in _parse_line(path, number, line, match, problems)
    ]
    first_lines: dict[str, int] = {}
    for number, question in questions:
        if question.id in first_lines:
            message = f"'{question.id}' is already used in line {first_lines[question.id]}"
            problems.append(_problem(path, number, "id", message))
        first_lines.setdefault(question.id, number)
    if problems:
        raise LoadError(problems)
    if not questions:
        raise UsageError(f"{path} contains no questions")
    return tuple(question for _number, question in questions)


def _parse_line(
    path: Path, number: int, line: str, match: MatchMethod, problems: list[Problem]
) -> Iterator[tuple[int, Question]]:
    """Yield the question of a line with its line number; append to ``problems`` if there is an error."""
    if not line.strip():
        return
    try:
        value: Json = json.loads(line)
    except ValueError as error:
        problems.append(_problem(path, number, "", f"invalid JSON: {error}"))
        return
    if not isinstance(value, dict):
        problems.append(_problem(path, number, "", "expected an object with id, question and answer"))
        return
    try:
        question = Question.model_validate({"id": str(number), **value})
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            key = ".".join(str(part) for part in detail["loc"])
            message = "is missing" if detail["type"] == "missing" else detail["msg"].lower()
            problems.append(_problem(path, number, key, message))
        return
    method = question.match or match
    answer = _final_answer(question.answer) if method in MATH_METHODS else question.answer
    if problem := find_expected_error(method, answer):
        problems.append(_problem(path, number, "answer", problem))
        return
    yield number, question.model_copy(update={"answer": answer})


def _problem(path: Path, number: int, key: str, message: str) -> Problem:
    return Problem(str(path), number, 1, key, message)


def _final_answer(answer: str) -> str:
    _working, mark, final = answer.rpartition(_GSM8K_MARK)
    return final.strip() if mark else answer.strip()
