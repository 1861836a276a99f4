"""Select sample answers: one that turned right, and one that turned wrong, for each pair of arms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Literal, NamedTuple

from prompt_policy.bench.analysis.summary import Summary
from prompt_policy.bench.matching.grading import GradedRequest
from prompt_policy.wire.values import JsonObject

_MAX_PART_CHARS: Final = 800

SampleChange = Literal["turned right", "turned wrong"]
_CHANGES: Final[dict[SampleChange, tuple[bool, bool]]] = {"turned right": (False, True), "turned wrong": (True, False)}


class SampleAnswer(NamedTuple):
    """The answer of one arm."""

    arm: str
    verdict: str
    text: str


class SamplePair(NamedTuple):
    """The answers of two arms to one question with one seed, of which one is correct."""

    change: SampleChange
    question: str
    expected: str
    first: SampleAnswer
    second: SampleAnswer

    def as_json(self) -> JsonObject:
        """Return the pair as JSON."""
        return {**self._asdict(), "first": self.first._asdict(), "second": self.second._asdict()}


def select_samples(summary: Summary) -> Iterator[SamplePair]:
    """Yield the first answer that turned right and the first that turned wrong, for each pair of arms.

    Both answers of a pair have the same seed. If there is no such answer, none is yielded.
    """
    questions = {question.id: question for question in summary.record.header.questions}
    indexed = {arm: {row.request.key[1:]: row for row in rows} for arm, rows in summary.rows.items()}
    order = {question: number for number, question in enumerate(questions)}
    for comparison in summary.comparisons:
        first, second = indexed[comparison.first], indexed[comparison.second]
        common = sorted(first.keys() & second.keys(), key=lambda key: (order[key[0]], key[1]))
        for change in _CHANGES:
            key = next((key for key in common if _find_change(first, second, key) == change), None)
            if key is not None:
                question = questions[key[0]]
                answers = [_build_answer(rows[key]) for rows in (first, second)]
                yield SamplePair(change, question.question, question.answer, *answers)


def _find_change(
    first: Mapping[tuple[str, int], GradedRequest],
    second: Mapping[tuple[str, int], GradedRequest],
    key: tuple[str, int],
) -> SampleChange | None:
    rows = (first[key], second[key])
    if not all(row.is_graded for row in rows):
        return None
    correct = tuple(row.verdict == "correct" for row in rows)
    return next((change for change, pattern in _CHANGES.items() if pattern == correct), None)


def _build_answer(row: GradedRequest) -> SampleAnswer:
    request = row.request
    text = request.content.strip() or request.message or f"(no content; reasoning: {request.reasoning.strip()})"
    return SampleAnswer(request.arm, str(row.verdict).replace("_", " "), shorten(text))


def shorten(text: str) -> str:
    """Return a long text without its middle."""
    if len(text) <= 2 * _MAX_PART_CHARS:
        return text
    left_out = len(text) - 2 * _MAX_PART_CHARS
    return f"{text[:_MAX_PART_CHARS]}\n[… {left_out} characters …]\n{text[-_MAX_PART_CHARS:]}"
