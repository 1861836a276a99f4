"""The counts of a run."""

from __future__ import annotations

from prompt_policy.authoring.batch.files.summary import BatchSummary
from prompt_policy.authoring.batch.rewriter import LineResult, reject_line


def test_lines_rules_and_models_are_counted() -> None:
    summary = BatchSummary()
    for result in (
        LineResult("changed", b"x", "p", ("a", "b")),
        LineResult("changed", b"x", "p", ("a",)),
        LineResult("no_policy", b"x", model="m"),
        LineResult("no_policy", b"x"),
        LineResult("blank", b"\n"),
        reject_line("no"),
    ):
        summary.add(result)
    assert list(summary.describe()) == [
        "5 lines: 2 changed, 2 without a policy, unchanged, 1 not valid",
        "  p/a  2",
        "  p/b  1",
        "no policy applies to: m (1), (none) (1)",
    ]
    assert summary.to_json() == {
        "lines": 5, "changed": 2, "unchanged": 0, "no_policy": 2, "other_endpoint": 0, "refused": 0, "invalid": 1,
        "rules": {"p/a": 2, "p/b": 1}, "models_without_policy": {"m": 1, "": 1}, "requests": None, "misaligned": False,
    }  # fmt: skip
    assert (summary.rejected, summary.has_findings) == (1, True)


def test_nothing_is_not_a_finding() -> None:
    summary = BatchSummary()
    assert list(summary.describe()) == ["0 lines: nothing to do"]
    assert not summary.has_findings


def test_names_of_models_are_bounded() -> None:
    summary = BatchSummary()
    for number in range(3000):
        summary.add(LineResult("no_policy", b"x", model=f"m{number}"))
    assert len(summary.models) == 1001
    assert summary.models["(other models)"] == 2000
    assert list(summary.describe())[-1].endswith("and 996 more")


def test_other_numbers_of_plain_answers_and_requests_are_a_finding() -> None:
    summary = BatchSummary(requests=3, by_position=2)
    assert summary.has_findings
    assert list(summary.describe())[-1] == "2 answers for 3 requests: pairs by position may be wrong"
    assert not BatchSummary(requests=3).has_findings
    assert not BatchSummary(requests=2, by_position=2).has_findings
