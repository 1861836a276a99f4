"""The verdict on each request."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from prompt_policy.bench.dataset.question import MatchMethod
from prompt_policy.bench.matching.grading import grade_record, grade_request
from prompt_policy.bench.record import Judgement
from tests.support.records import NO_COMPARISONS, make_plan, make_questions, make_record, make_request

[QUESTION] = make_questions(1)


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "correct"),
        ({"content": "\\boxed{41}"}, "wrong"),
        ({"content": "42"}, "no_answer"),
        ({"content": "<think>\\boxed{42}"}, "no_answer"),
        ({"finish": "length"}, "truncated"),
        ({"content": "\\boxed{\\sqrt{1764}}"}, "unverifiable"),
        ({"failure": "refused"}, "no_answer"),
        ({"failure": "timeout"}, "no_answer"),
        ({"failure": "http", "status": 400}, "no_answer"),
        ({"failure": "http", "status": 429}, None),
        ({"failure": "http", "status": 503}, None),
        ({"failure": "stream"}, None),
        ({"failure": "connection", "status": 0}, None),
    ],
)
def test_each_outcome_has_its_verdict(changes: dict[str, Any], verdict: str | None) -> None:
    assert grade_request(make_request(**changes), QUESTION, "box", NO_COMPARISONS) == verdict


@pytest.mark.parametrize(
    ("method", "content", "verdict"),
    [("contains", "42, because", "correct"), ("contains", "Well, let", "truncated"), ("regex", "42", "correct"),
     ("last-number", "42", "truncated")],
)  # fmt: skip
def test_a_truncated_answer_may_contain_the_expected_text(method: MatchMethod, content: str, verdict: str) -> None:
    request = make_request(content=content, finish="length")
    assert grade_request(request, QUESTION, method, NO_COMPARISONS) == verdict


@pytest.mark.parametrize(
    ("verdict", "graded"), [("correct", "correct"), ("no_answer", "no_answer"), (None, "not_judged")]
)
def test_the_verdict_of_the_judge_is_read_from_the_record(verdict: str | None, graded: str) -> None:
    judgement = Judgement.model_validate({"arm": "off", "question": "q0", "sample": 0, "verdict": verdict})
    record = make_record([make_request(content="no box")], make_plan(match="judge"))
    record.judgements = {judgement.key: judgement}
    [row] = grade_record(record, NO_COMPARISONS)["off"]
    assert (row.verdict, row.is_graded) == (graded, graded != "not_judged")
    record.judgements = {}
    assert grade_record(record, NO_COMPARISONS)["off"][0].verdict == "not_judged"


def test_the_method_of_a_question_overrides_that_of_the_run() -> None:
    record = make_record([make_request(content="It is 42.")], make_plan(match="gsm8k"))
    assert grade_record(record, NO_COMPARISONS)["off"][0].verdict == "no_answer"
    question = QUESTION.model_copy(update={"match": "contains"})
    header = record.header.model_copy(update={"questions": (question,)})
    assert grade_record(replace(record, header=header), NO_COMPARISONS)["off"][0].verdict == "correct"


def test_every_request_of_every_arm_is_graded() -> None:
    requests = [make_request("off"), make_request("on"), make_request("on", sample=1, failure="timeout")]
    graded = grade_record(make_record(requests), NO_COMPARISONS)
    assert {arm: [row.verdict for row in rows] for arm, rows in graded.items()} == {
        "off": ["correct"], "on": ["correct", "no_answer"],
    }  # fmt: skip
    assert graded["on"][1].timing is None


@pytest.mark.parametrize(
    ("content", "changes", "is_form_wrong"),
    [("It is 42.", {}, True), ("It is 41.", {}, False), ("\\boxed{42}", {}, False), ("\\boxed{40+2}=42", {}, False),
     ("It is 42.", {"finish": "length"}, False), ("It is 42.", {"failure": "timeout"}, False),
     ("<think>It is 42.", {}, False), ("\\boxed{41} no, 42", {}, True)],
)  # fmt: skip
def test_right_answers_without_the_form_are_marked(content: str, changes: dict[str, Any], is_form_wrong: bool) -> None:
    [row] = grade_record(make_record([make_request(content=content, **changes)]), NO_COMPARISONS)["off"]
    assert row.is_form_wrong is is_form_wrong
