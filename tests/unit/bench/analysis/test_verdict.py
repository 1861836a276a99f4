"""The result of a run in sentences."""

from __future__ import annotations

import pytest

from prompt_policy.bench.analysis.summary import summarize
from prompt_policy.bench.analysis.verdict import describe_verdict, format_points
from prompt_policy.bench.record import BlockEnd
from tests.support.records import NO_COMPARISONS, make_plan, make_record, make_request

CORRECT, WRONG = "\\boxed{42}", "\\boxed{0}"


def verdict_for(off: list[bool], on: list[bool], slowdown: float = 1.0, blocks: int = 2) -> str:
    """Return the verdict on two arms, given which questions each of them answers correctly."""
    rows = []
    for number, (first, second) in enumerate(zip(off, on, strict=True)):
        duration = 1 + number / 100
        rows.append(make_request("off", f"q{number}", content=CORRECT if first else WRONG, ended_s=duration))
        rows.append(make_request("on", f"q{number}", content=CORRECT if second else WRONG, ended_s=duration * slowdown))
    record = make_record(rows, make_plan(samples=1, blocks=blocks), len(off))
    return describe_verdict(summarize(record, {}, NO_COMPARISONS))


def test_an_improvement_is_stated_with_its_interval() -> None:
    verdict = verdict_for([False] * 15 + [True] * 5, [True] * 20)
    assert verdict.startswith("on answers more questions correctly than off: +75.0 points (95% interval +47.4 to +8")
    assert "over 20 questions" in verdict


def test_a_deterioration_is_stated() -> None:
    verdict = verdict_for([True] * 20, [False] * 12 + [True] * 8)
    assert verdict.startswith("on answers fewer questions correctly than off: -60.0")


def test_no_difference_is_stated_with_the_detectable_one() -> None:
    verdict = verdict_for([True, False] * 10, [True, False] * 9 + [False, True])
    assert verdict.startswith("No difference in accuracy between off and on was shown: +0.0 points")
    assert "points would have been detected in 4 of 5 such runs" in verdict
    assert "No difference in latency was shown: an answer takes 1.00 times as long" in verdict


def test_a_slower_arm_is_stated_with_its_tokens() -> None:
    assert "An answer takes 1.50 times as long (95% interval 1.50 to 1.50), with 1.00 times the tokens." in verdict_for(
        [True, False] * 10, [True, False] * 10, slowdown=1.5
    )


def test_a_single_block_gives_no_verdict_on_latency() -> None:
    verdict = verdict_for([True, False] * 10, [True, False] * 10, slowdown=1.5, blocks=1)
    assert "times as long" not in verdict
    assert "Latency is not compared: in one block the arms do not take turns, so use --blocks 2 or more." in verdict


def test_caveats_precede_the_result() -> None:
    record = make_record([make_request("off"), make_request("on")], make_plan(samples=2), reason="interrupted")
    record.blocks = [BlockEnd(block=0, arm="off", seconds=1, cpu=0.99, lag_p99_ms=1, lag_max_ms=1)]
    verdict = describe_verdict(summarize(record, {}, NO_COMPARISONS))
    assert verdict.startswith("The run is incomplete (interrupted; 2 requests are missing). The times are invalid:")


def test_a_single_arm_has_nothing_to_compare() -> None:
    record = make_record([make_request("off")], make_plan(("off",), samples=1))
    assert describe_verdict(summarize(record, {}, NO_COMPARISONS)) == "There is nothing to compare."


@pytest.mark.parametrize(("difference", "text"), [(0.051, "+5.1"), (-0.2, "-20.0"), (0.0, "+0.0")])
def test_points_are_formatted_with_their_sign(difference: float, text: str) -> None:
    assert format_points(difference) == text


def verdict_on_form(off: list[str], on: list[str]) -> str:
    rows = [make_request("off", f"q{n}", content=text) for n, text in enumerate(off)]
    rows += [make_request("on", f"q{n}", content=text) for n, text in enumerate(on)]
    record = make_record(rows, make_plan(samples=1), len(off))
    return describe_verdict(summarize(record, {}, NO_COMPARISONS))


def test_the_part_that_is_form_is_stated() -> None:
    verdict = verdict_on_form(["It is 42."] * 15 + [WRONG] * 5, [CORRECT] * 20)
    assert "Of this difference, +75.0 points (75%; 95% interval +47" in verdict
    assert "are form and not skill: by the last number of each answer, it is +25.0 points." in verdict


def test_form_is_stated_even_if_no_difference_was_shown() -> None:
    verdict = verdict_on_form(["It is 42."] * 8 + [CORRECT] * 12, [CORRECT] * 8 + [WRONG] * 4 + [CORRECT] * 8)
    assert verdict.startswith("No difference in accuracy")
    assert "Of this difference, +40.0 points (95% interval" in verdict
    assert "by the last number of each answer, it is -20.0 points" in verdict


def test_a_difference_in_skill_alone_does_not_mention_form() -> None:
    assert "form" not in verdict_for([False] * 15 + [True] * 5, [True] * 20)
