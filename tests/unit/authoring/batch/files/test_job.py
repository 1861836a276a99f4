"""One run over files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from prompt_policy import UsageError
from prompt_policy.authoring.batch.files.job import BatchJob, run_job
from tests.support.policies import chat
from tests.unit.authoring.batch.test_rewriter import ANSWER, CLAMP, CLEAN, TIDY, create, dump

COUNT = 1000


def run(tmp_path: Path, source: Path, **keys: Any) -> tuple[dict[str, Any], bytes]:
    output = tmp_path / "out"
    job = BatchJob(create(CLAMP, TIDY), str(source), output=output, **keys)
    return run_job(job).to_json(), output.read_bytes()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Lines of which every tenth is broken."""
    file = tmp_path / "in.jsonl"
    lines = [dump(chat(str(n), temperature=2)) if n % 10 else b"broken\n" for n in range(COUNT)]
    file.write_bytes(b"".join(lines))
    return file


def test_two_processes_write_what_one_writes(tmp_path: Path, source: Path) -> None:
    rejects = tmp_path / "rejects"
    one, two = ((*run(tmp_path, source, rejects=rejects, jobs=jobs), rejects.read_bytes()) for jobs in (1, 2))
    assert one == two
    counts, output, rejected = one
    assert (counts["changed"], counts["invalid"]) == (900, 100)
    sent = [json.loads(line)["messages"][0]["content"] for line in output.splitlines()]
    assert sent == [str(n) for n in range(COUNT) if n % 10]
    assert [json.loads(line)["line"] for line in rejected.splitlines()] == list(range(1, COUNT + 1, 10))


def test_answers_are_cleaned_in_several_processes(tmp_path: Path, source: Path) -> None:
    answers = tmp_path / "answers.jsonl"
    answers.write_bytes(dump(ANSWER) * 900)
    counts, output = run(tmp_path, answers, answers=source, jobs=2)
    assert (counts["changed"], counts["requests"], counts["misaligned"]) == (900, 900, False)
    assert all(json.loads(line) == CLEAN for line in output.splitlines())


def test_the_input_can_be_replaced(tmp_path: Path) -> None:
    file = tmp_path / "out"
    file.write_bytes(dump(chat("Hi", temperature=2)))
    _counts, output = run(tmp_path, file)
    assert json.loads(output)["temperature"] == 0.7


def test_files_that_cannot_be_used_are_errors(tmp_path: Path, source: Path) -> None:
    with pytest.raises(UsageError, match="missing cannot be read: No such file"):
        run(tmp_path, tmp_path / "missing")
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        run(tmp_path, tmp_path)
    with pytest.raises(UsageError, match="no/rejects cannot be written: No such file"):
        run(tmp_path, source, rejects=tmp_path / "no" / "rejects")
    assert not (tmp_path / "out").exists()


def test_a_full_disk_is_an_error(tmp_path: Path, source: Path) -> None:
    job = BatchJob(create(CLAMP), str(source), output=Path("/dev/full"))
    with pytest.raises(UsageError, match="/dev/full cannot be written: No space left"):
        run_job(job)
    with pytest.raises(UsageError, match="/dev/full cannot be written: No space left"):
        run(tmp_path, source, rejects=Path("/dev/full"))
    assert not (tmp_path / "out").exists()
