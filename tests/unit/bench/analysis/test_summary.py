"""The results derived from a record."""

from __future__ import annotations

from typing import Any

from prompt_policy.bench.analysis.summary import Summary, summarize
from prompt_policy.bench.record import BlockEnd, MeasuredRequest, Record
from tests.support.records import NO_COMPARISONS, make_plan, make_record, make_request


def make_requests(**changes: Any) -> list[MeasuredRequest]:
    """Return two samples of three questions in both arms, with distinct answers."""
    return [make_request(arm, f"q{n}", s, **{"content": f"{arm}{n}{s} \\boxed{{42}}", **changes})
            for arm in ("off", "on") for n in range(3) for s in range(2)]  # fmt: skip


def summarize_without_slo(record: Record) -> Summary:
    return summarize(record, {}, NO_COMPARISONS)


def test_a_complete_run_has_no_warnings() -> None:
    summary = summarize_without_slo(make_record(make_requests(), count=3))
    assert (summary.ended, summary.missing, summary.invalid, summary.warnings) == ("complete", 0, (), ())
    assert summary.main_comparison is not None
    assert (summary.main_comparison.first, summary.main_comparison.second) == ("off", "on")
    assert list(summary.arms) == ["off", "on"]


def test_an_incomplete_run_reports_its_reason_and_missing_requests() -> None:
    rows = make_requests()[:7]
    for reason in ("interrupted", "the server of arm on is gone"):
        summary = summarize_without_slo(make_record(rows, count=3, reason=reason))
        assert (summary.ended, summary.missing) == (reason, 5)
    killed = make_record(rows, count=3)
    killed.ends.clear()
    assert summarize_without_slo(killed).ended == "the process was killed"


def test_an_overloaded_client_makes_times_invalid() -> None:
    record = make_record(make_requests(), count=3)
    record.blocks = [BlockEnd(block=0, arm="off", seconds=1, cpu=0.97, lag_p99_ms=40, lag_max_ms=50)]
    assert summarize_without_slo(record).invalid == (
        "the client used 97% of a core in 1 of 1 blocks", "the client's loop was 40 ms late in 1 of 1 blocks",
    )  # fmt: skip


def test_doubtful_results_are_warned_about() -> None:
    rows = make_requests(content="42", tokens_reported=False)
    summary = summarize_without_slo(make_record(rows, count=3, seeds="ignored: x"))
    for words in ("seeds are ignored: x", "off: all answers to a question are identical",
                  "on: 100% of the answers contain no", "chunks do not report their tokens"):  # fmt: skip
        assert words in " | ".join(summary.warnings)


def test_frequent_failures_are_warned_about() -> None:
    rows = [make_request(arm, failure="http", status=500, message="HTTP 500") for arm in ("off", "on")]
    warnings = summarize_without_slo(make_record(rows)).warnings
    assert "on: 100% of the requests failed, the first with: HTTP 500" in warnings


def test_frequent_truncation_is_warned_about() -> None:
    rows = [make_request(arm, f"q{n}", 0, finish="length") for arm in ("off", "on") for n in range(3)]
    warnings = summarize_without_slo(make_record(rows, make_plan(samples=1), 3)).warnings
    assert "100% of the answers reached the token limit" in " ".join(warnings)


def test_families_are_compared_separately() -> None:
    summary = summarize_without_slo(make_record(make_requests(), count=3, families=("a", "b")))
    assert {name: result.comparisons[0].questions for name, result in summary.families.items()} == {"a": 2, "b": 1}
    assert list(summary.languages) == ["en"]


def test_the_main_comparison_is_off_with_on_or_first_with_last() -> None:
    rows = [make_request(arm) for arm in ("direct", "off", "on")]
    main = summarize_without_slo(make_record(rows, make_plan(("direct", "off", "on")))).main_comparison
    assert main is not None
    assert (main.first, main.second) == ("off", "on")
    main = summarize_without_slo(make_record(rows[:1], make_plan(("direct", "proxy")))).main_comparison
    assert main is not None
    assert (main.first, main.second) == ("direct", "proxy")
    assert summarize_without_slo(make_record(rows[:1], make_plan(("direct",)))).main_comparison is None
