"""The files of the batch benchmark."""

from __future__ import annotations

from pathlib import Path

from benchmarks.bodies import POLICY
from benchmarks.suites.batch import write_answers, write_requests

from prompt_policy.authoring.batch import create_rewriter


def test_the_policy_changes_requests_and_answers(tmp_path: Path) -> None:
    write_requests(tmp_path / "requests", 4)
    write_answers(tmp_path / "answers", 4)
    rewriter = create_rewriter([POLICY])
    requests = (tmp_path / "requests").read_bytes().splitlines()
    answers = (tmp_path / "answers").read_bytes().splitlines()[::-1]
    assert [rewriter.rewrite_request(line).status for line in requests] == ["changed"] * 4
    found = [rewriter.rewrite_answer(request, answer).status for request, answer in zip(requests, answers, strict=True)]
    assert found == ["changed"] * 4
