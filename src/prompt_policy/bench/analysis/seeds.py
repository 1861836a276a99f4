"""Determine from the whole record how the server treats seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from prompt_policy.bench.matching.grading import GradedRequest
from prompt_policy.bench.record import Record


def describe_seeds(record: Record, arms: Mapping[str, Sequence[GradedRequest]]) -> str:
    """Return how the server treats seeds: honoured, ignored, repeated or unknown.

    Before the run, three short answers to one question are compared. They are often identical at a low temperature
    although the server honours seeds. So whether different seeds give different answers is decided by all answers of
    the run; the answers before it decide only whether one seed gives one answer, and if the run has no two answers
    to compare.
    """
    inspected = record.header.seeds
    if inspected.startswith(("ignored", "unknown: at temperature 0")):
        return inspected
    groups = [group for rows in arms.values() for group in group_samples(rows).values() if len(group) > 1]
    if any(len(set(group)) > 1 for group in groups):
        return "honoured"
    if groups:
        return "repeated: different seeds give the same answer"
    return "unknown: no question has two answers" if inspected.startswith("repeated") else inspected


def group_samples(rows: Sequence[GradedRequest]) -> dict[str, list[str]]:
    """Return the texts of the complete answers to each question that has any text."""
    texts: dict[str, list[str]] = {}
    for row in rows:
        if row.request.failure is None:
            texts.setdefault(row.request.question, []).append(row.request.reasoning + row.request.content)
    return {question: samples for question, samples in texts.items() if any(samples)}
