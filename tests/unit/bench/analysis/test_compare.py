"""The comparison of two arms."""

from __future__ import annotations

import pytest

from prompt_policy.bench.analysis.compare import Comparison, compare_arms
from prompt_policy.bench.matching.grading import grade_record
from prompt_policy.bench.record import Record
from tests.support.records import NO_COMPARISONS, make_plan, make_record, make_request

WRONG = "\\boxed{0}"


def compare_off_on(record: Record) -> Comparison:
    return compare_arms("off", "on", grade_record(record, NO_COMPARISONS), record)


def test_differences_are_paired_by_question() -> None:
    rows = []
    for number in range(10):
        name = f"q{number}"
        rows += [make_request("off", name, content=WRONG if number % 2 else "\\boxed{42}", ended_s=1 + number)]
        rows += [make_request("on", name, ended_s=2 * (1 + number), completion_tokens=8)]
    rows.append(make_request("off", "q10"))  # has no counterpart
    comparison = compare_off_on(make_record(rows, count=11, blocks={"off": 10.0, "on": 40.0}))
    assert comparison.questions == 10
    assert comparison.accuracy is not None
    assert comparison.accuracy.value == 0.5
    assert comparison.is_different
    assert comparison.ratios["e2e"] is not None
    assert comparison.ratios["e2e"].value == pytest.approx(2)
    assert comparison.ratios["tokens"] is not None
    assert comparison.ratios["tokens"].value == pytest.approx(2)
    assert comparison.ratios["throughput"] is not None
    assert comparison.ratios["throughput"].value == pytest.approx(80 / 44 / 4)


def test_without_common_questions_there_is_nothing_to_compare() -> None:
    comparison = compare_off_on(make_record([make_request("off")]))
    assert (comparison.questions, comparison.accuracy, comparison.detectable_difference) == (0, None, None)
    assert not comparison.is_different
    assert comparison.ratios["e2e"] is None


def test_without_variance_the_detectable_difference_is_unknown() -> None:
    rows = [make_request(arm, f"q{number}") for arm in ("off", "on") for number in range(10)]
    comparison = compare_off_on(make_record(rows, count=10))
    assert comparison.detectable_difference is None
    assert not comparison.is_different


def test_times_are_compared_only_if_the_arms_took_turns() -> None:
    requests = [make_request(arm, f"q{n}") for arm in ("off", "on") for n in range(3)]
    ratios = compare_off_on(make_record(requests, make_plan(blocks=1), count=3)).ratios
    assert ratios["tokens"] is not None
    assert {name for name, ratio in ratios.items() if ratio is None} == {"e2e", "ttft", "visible", "tpot", "throughput"}


def test_the_part_of_a_difference_that_is_form_is_separated() -> None:
    # Of 20 questions, 16 gain a box only, 4 were wrong and become right.
    off = ["It is 42."] * 16 + ["It is 0."] * 4
    rows = [make_request("off", f"q{n}", content=text) for n, text in enumerate(off)]
    rows += [make_request("on", f"q{n}") for n in range(20)]
    comparison = compare_off_on(make_record(rows, count=20))
    assert comparison.accuracy is not None
    assert comparison.lenient_accuracy is not None
    assert comparison.form_difference is not None
    assert comparison.accuracy.value == 1
    assert comparison.lenient_accuracy.value == pytest.approx(0.2)
    assert comparison.form_difference.value == pytest.approx(0.8)
    assert comparison.form_difference.low > 0.5
    assert comparison.form_share == pytest.approx(0.8)
    assert comparison.is_partly_form


def test_without_a_difference_there_is_no_share_of_form() -> None:
    rows = [make_request(arm, f"q{n}") for arm in ("off", "on") for n in range(5)]
    comparison = compare_off_on(make_record(rows, count=5))
    assert comparison.form_share is None
    assert not comparison.is_partly_form
