"""Compute the accuracy and the comparisons of each group of questions: a family, or a language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from prompt_policy.bench.analysis.arm_metrics import count_by_question, estimate_accuracy
from prompt_policy.bench.analysis.compare import Comparison, compare_arms
from prompt_policy.bench.analysis.statistics import Interval
from prompt_policy.bench.matching.grading import GradedRequest
from prompt_policy.bench.record import Record
from prompt_policy.conditions.language import detect_language


class GroupResult(NamedTuple):
    """The results of one group of questions."""

    questions: int
    accuracies: dict[str, Interval | None]
    """The accuracy of each arm; None if it has no graded answer."""
    comparisons: list[Comparison]


def compare_groups(
    record: Record,
    arms: Mapping[str, Sequence[GradedRequest]],
    pairs: Sequence[tuple[str, str]],
    group_by_question: Mapping[str, str],
) -> dict[str, GroupResult]:
    """Return the results of each group, in the order in which the groups first appear.

    Arguments:
        record: the record of the run.
        arms: the graded requests of every arm.
        pairs: the pairs of arms to compare.
        group_by_question: the group of each question.
    """
    results = {}
    for group in dict.fromkeys(group_by_question.values()):
        members = {
            arm: [row for row in rows if group_by_question[row.request.question] == group] for arm, rows in arms.items()
        }
        results[group] = GroupResult(
            sum(name == group for name in group_by_question.values()),
            {arm: estimate_accuracy(count_by_question(rows)) for arm, rows in members.items()},
            [compare_arms(first, second, members, record) for first, second in pairs],
        )
    return results


def group_by_family(record: Record) -> dict[str, str]:
    """Return the family of each question."""
    return {question.id: question.family for question in record.header.questions}


def group_by_language(record: Record) -> dict[str, str]:
    """Return the language of each question, as an ISO 639-1 code."""
    return {question.id: detect_language(question.question) for question in record.header.questions}
