"""Loading the questions of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from prompt_policy.bench.dataset.source import load_questions, read_question_file
from prompt_policy.errors import LoadError, UsageError


def test_a_file_may_have_gsm8k_answers_and_lack_ids(tmp_path: Path) -> None:
    file = tmp_path / "q.jsonl"
    file.write_text(
        '{"id": "a", "question": "1+1?", "answer": 2, "family": "sums", "more": 1}\n\n'
        '{"question": "Tom has 3.", "answer": "He has 3.\\n#### 3"}\n'
    )
    first, second = load_questions(str(file), 1)
    assert (first.id, first.answer, first.family) == ("a", "2", "sums")
    assert (second.id, second.answer, second.family) == ("3", "3", "all")


def test_every_error_is_reported_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "q.jsonl"
    file.write_text(
        '{"id": "a", "question": "x", "answer": "1"}\n{"id": "a", "question": "y", "answer": "2"}\n'
        'no\n[1]\n{"id": "b"}\n'
    )
    with pytest.raises(LoadError) as caught:
        read_question_file(file)
    lines = str(caught.value).splitlines()
    assert lines[0] == f"{file}:2:1: id: 'a' is already used in line 1"
    assert lines[1].startswith(f"{file}:3:1: invalid JSON")
    assert "expected an object with id, question and answer" in lines[2]
    assert lines[3:] == [f"{file}:5:1: answer: is missing", f"{file}:5:1: question: is missing"]


@pytest.mark.parametrize("source", ["builtin:0", "builtin:x", "builtin:", "builtin:easy:", "builtin:easy:0"])
def test_an_invalid_count_is_rejected(source: str) -> None:
    with pytest.raises(UsageError, match="expected builtin:N"):
        load_questions(source, 1)


def test_a_missing_or_empty_file_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        load_questions(str(tmp_path / "none.jsonl"), 1)
    (tmp_path / "empty.jsonl").write_text("\n")
    with pytest.raises(UsageError, match="contains no questions"):
        load_questions(str(tmp_path / "empty.jsonl"), 1)


def test_builtin_questions_are_loaded_by_count() -> None:
    assert len(load_questions("builtin:7", 1)) == 7
    easy = load_questions("builtin:easy:9", 1)
    assert len(easy) == 9
    assert load_questions("builtin:easy", 1)[:9] == easy
    assert len(load_questions("builtin:easy", 1)) == 32


def test_a_question_has_its_own_method(tmp_path: Path) -> None:
    file = tmp_path / "q.jsonl"
    file.write_text(
        '{"id": "a", "question": "x", "answer": {"type": "array"}, "match": "json-schema"}\n'
        '{"id": "b", "question": "x", "answer": "a #### b", "match": "contains"}\n'
        '{"id": "c", "question": "x", "answer": 4}\n'
    )
    schema, words, number = load_questions(str(file), 1, "last-number")
    assert (schema.match, schema.answer) == ("json-schema", '{"type": "array"}')
    assert (words.match, words.answer) == ("contains", "a #### b")
    assert number.match is None


def test_an_answer_that_its_method_cannot_use_is_reported_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "q.jsonl"
    file.write_text(
        '{"question": "x", "answer": "(", "match": "regex"}\n{"question": "x", "answer": "many"}\n'
        '{"question": "x", "answer": "1", "match": "guess"}\n'
    )
    with pytest.raises(LoadError) as caught:
        load_questions(str(file), 1, "last-number")
    lines = str(caught.value).splitlines()
    assert lines[0].startswith(f"{file}:1:1: answer: the pattern is invalid: unclosed group")
    assert lines[1] == f"{file}:2:1: answer: 'many' is not a number; use another match than last-number"
    assert lines[2].startswith(f"{file}:3:1: match: input should be 'box', 'gsm8k'")
    with pytest.raises(UsageError, match="--questions builtin:3 cannot be matched by json-schema"):
        load_questions("builtin:3", 1, "json-schema")
