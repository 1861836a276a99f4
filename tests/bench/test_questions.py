"""The questions of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from prompt_policy.bench.questions import questions_of, read_questions
from prompt_policy.errors import LoadError, UsageError


def test_a_file_is_read_with_gsm8ks_answers_and_ids_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "q.jsonl"
    file.write_text(
        '{"id": "a", "question": "1+1?", "answer": 2, "family": "sums", "more": 1}\n\n'
        '{"question": "Tom has 3.", "answer": "He has 3.\\n#### 3"}\n'
    )
    first, second = questions_of(str(file), 1)
    assert (first.id, first.answer, first.family) == ("a", "2", "sums")
    assert (second.id, second.answer, second.family) == ("3", "3", "all")


def test_every_mistake_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "q.jsonl"
    file.write_text(
        '{"id": "a", "question": "x", "answer": "1"}\n{"id": "a", "question": "y", "answer": "2"}\n'
        'no\n[1]\n{"id": "b"}\n'
    )
    with pytest.raises(LoadError) as caught:
        read_questions(file)
    lines = str(caught.value).splitlines()
    assert lines[0] == f"{file}:2:1: id: 'a' is already that of line 1"
    assert lines[1].startswith(f"{file}:3:1: no JSON")
    assert "expected an object with id, question and answer" in lines[2]
    assert lines[3:] == [f"{file}:5:1: answer: is missing", f"{file}:5:1: question: is missing"]


@pytest.mark.parametrize("source", ["builtin:0", "builtin:x", "builtin:"])
def test_a_wrong_count_is_a_line(source: str) -> None:
    with pytest.raises(UsageError, match="expected builtin:N"):
        questions_of(source, 1)


def test_no_file_and_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        questions_of(str(tmp_path / "none.jsonl"), 1)
    (tmp_path / "empty.jsonl").write_text("\n")
    with pytest.raises(UsageError, match="holds no questions"):
        questions_of(str(tmp_path / "empty.jsonl"), 1)


def test_builtin_questions() -> None:
    assert len(questions_of("builtin:7", 1)) == 7
