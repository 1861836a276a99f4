"""The results of groups of questions."""

from __future__ import annotations

from prompt_policy.bench.analysis.groups import compare_groups, group_by_family, group_by_language
from prompt_policy.bench.matching.grading import grade_record
from tests.support.records import NO_COMPARISONS, make_plan, make_record, make_request


def test_each_group_has_its_accuracies_and_comparisons() -> None:
    rows = [
        make_request(arm, f"q{n}", content="\\boxed{42}" if arm == "on" or n % 2 else "?")
        for arm in ("off", "on")
        for n in range(5)
    ]
    record = make_record(rows[:-1], count=5, families=("a", "b"))
    groups = compare_groups(record, grade_record(record, NO_COMPARISONS), [("off", "on")], group_by_family(record))
    assert {name: result.questions for name, result in groups.items()} == {"a": 3, "b": 2}
    accuracies = {name: [interval and interval.value for interval in groups[name].accuracies.values()] for name in "ab"}
    assert accuracies == {"a": [0, 1], "b": [1, 1]}
    assert groups["a"].comparisons[0].questions == 2  # one question has no answer in the second arm
    assert groups["a"].comparisons[0].accuracy is not None
    assert groups["a"].comparisons[0].accuracy.value == 1


def test_a_group_without_answers_has_no_accuracy() -> None:
    record = make_record([], count=1)
    groups = compare_groups(record, grade_record(record, NO_COMPARISONS), [("off", "on")], group_by_language(record))
    assert groups["en"].accuracies == {"off": None, "on": None}


def test_times_of_a_group_are_compared_only_if_the_arms_took_turns() -> None:
    rows = [make_request(arm, f"q{n}") for arm in ("off", "on") for n in range(3)]
    for blocks, is_compared in ((1, False), (2, True)):
        record = make_record(rows, make_plan(blocks=blocks), count=3)
        graded = grade_record(record, NO_COMPARISONS)
        (comparison,) = compare_groups(record, graded, [("off", "on")], group_by_family(record))["all"].comparisons
        assert (comparison.ratios["e2e"] is not None) is is_compared


def test_questions_are_grouped_by_their_language() -> None:
    record = make_record([], count=2)
    chinese = record.header.questions[1].model_copy(update={"question": "一共有多少个苹果？"})
    record.header = record.header.model_copy(update={"questions": (record.header.questions[0], chinese)})
    assert group_by_language(record) == {"q0": "en", "q1": "zh"}
