"""How the server treats seeds, as determined from all answers."""

from __future__ import annotations

import pytest

from prompt_policy.bench.analysis.seeds import describe_seeds
from prompt_policy.bench.matching.grading import grade_record
from tests.support.records import NO_COMPARISONS, make_record, make_request

REPEATED = "repeated: different seeds give the same answer"
AT_ZERO = "unknown: at temperature 0 all answers to a question are identical"


def describe(answers: list[tuple[str, str]], inspected: str) -> str:
    """Return how seeds are described if each question got these two answers."""
    rows = [
        make_request("off", f"q{number}", sample, content=text)
        for number, texts in enumerate(answers)
        for sample, text in enumerate(texts)
    ]
    record = make_record(rows, count=max(1, len(answers)), seeds=inspected)
    return describe_seeds(record, grade_record(record, NO_COMPARISONS))


@pytest.mark.parametrize(
    ("answers", "inspected", "described"),
    [
        ([("a", "a"), ("a", "b")], REPEATED, "honoured"),
        ([("a", "a"), ("b", "b")], REPEATED, REPEATED),
        ([("a", "a"), ("b", "b")], "honoured", REPEATED),
        ([("a", "b")], "unknown: the answers were empty", "honoured"),
        ([], REPEATED, "unknown: no question has two answers"),
        ([], "honoured", "honoured"),
        ([("a", "a")], AT_ZERO, AT_ZERO),
        ([("a", "b")], "ignored: one seed gives different answers", "ignored: one seed gives different answers"),
    ],
)
def test_all_answers_decide_whether_seeds_are_repeated(
    answers: list[tuple[str, str]], inspected: str, described: str
) -> None:
    assert describe(answers, inspected) == described
