"""Judging the answers of a run."""

from __future__ import annotations

import io
import json
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from prompt_policy.bench.load.judging import create_judge, judge_answers
from prompt_policy.bench.load.progress import ProgressDisplay
from prompt_policy.bench.matching.judge import Judge
from prompt_policy.bench.record import Judgement, MeasuredRequest
from prompt_policy.errors import UsageError
from tests.support.records import make_plan, make_questions, make_record, make_request

CODE = """\
import json, sys
given = json.load(sys.stdin)
open(sys.argv[1], "a").write(given["answer"] + "\\n")
print("correct" if given["expected"] in given["answer"] else "wrong" if "0" in given["answer"] else "?")
"""


def make_command(folder: Path) -> str:
    return shlex.join([sys.executable, "-c", CODE, str(folder / "calls")])


def judge_requests(folder: Path, requests: list[MeasuredRequest], *judgements: Judgement) -> dict[str, Any]:
    """Judge the answers; return the new verdict or message for each key."""
    record = make_record(requests, make_plan(match="judge"))
    record.judgements = {judgement.key: judgement for judgement in judgements}
    out = io.BytesIO()
    with ProgressDisplay({}) as display:
        judge_answers(record, Judge(make_command(folder), 20), out, display)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    return {f"{line['arm']}{line['sample']}": line["verdict"] or line["message"] for line in lines}


def test_complete_answers_are_judged_and_failures_are_recorded(tmp_path: Path) -> None:
    requests = [
        make_request("off", content="42"),
        make_request("on", content="<think>42</think> 0"),
        make_request("off", sample=1, content="no"),
        make_request("on", sample=1, failure="timeout"),
        make_request("on", sample=2, content="<think>not closed"),
    ]
    verdicts = judge_requests(tmp_path, requests)
    assert verdicts == {
        "off0": "correct", "on0": "wrong", "off1": "the judge printed ? instead of correct, wrong, no_answer",
    }  # fmt: skip


def test_equal_answers_are_judged_once(tmp_path: Path) -> None:
    verdicts = judge_requests(tmp_path, [make_request(arm, sample=n) for arm in ("off", "on") for n in range(3)])
    assert set(verdicts.values()) == {"correct"}
    assert len(verdicts) == 6
    assert len((tmp_path / "calls").read_text().splitlines()) == 1


def test_only_missing_verdicts_are_judged_again(tmp_path: Path) -> None:
    requests = [make_request("off"), make_request("on")]
    judged = Judgement(arm="off", question="q0", sample=0, verdict="wrong")
    failed = Judgement(arm="on", question="q0", sample=0, message="it failed")
    assert judge_requests(tmp_path, requests, judged, failed) == {"on0": "correct"}


def test_a_judge_is_created_if_a_question_needs_one(tmp_path: Path) -> None:
    questions = make_questions(2)
    command = make_command(tmp_path)
    assert create_judge(make_plan(), questions, 20) is None
    assert create_judge(make_plan(match="judge", judge=command), questions, 20) is not None
    one = (questions[0], questions[1].model_copy(update={"match": "judge"}))
    assert create_judge(make_plan(judge=command), one, 20) is not None


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ({"match": "judge"}, "question 'q0' is matched by a judge, but there is none; set --judge"),
        ({"judge": "true"}, "--judge true: no question uses it; add --match judge"),
        ({"match": "judge", "judge": "false"}, "--judge false: the judge ended with status 1"),
    ],
)
def test_a_missing_unused_or_broken_judge_is_an_error(plan: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        create_judge(make_plan(**plan), make_questions(1), 20)
