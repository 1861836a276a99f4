"""The measurement of the task classifier."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from benchmarks.tasks import BadFileError, compute_interval, compute_score, compute_scores, main, read_questions

ROW = {"text": "What is 17% of 2,450?", "task": "math", "lang": "en"}


def write(folder: Path, *rows: dict[str, str], name: str = "mine.jsonl") -> Path:
    path = folder / name
    text = "".join(json.dumps(row) + "\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    # The last two are the intervals of section 3 of Newcombe (1998), method 3.
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605)],
)
def test_the_interval_is_wilsons(hits: int, n: int, low: float, high: float) -> None:
    assert compute_interval(hits, n) == pytest.approx((low, high), abs=1e-4)


def test_there_is_no_interval_without_observations() -> None:
    assert compute_interval(0, 0) is None


def test_recall_false_rate_and_precision_are_counted() -> None:
    pairs = [("math", "math"), ("math", "other"), ("other", "math"), ("code", "other"), ("other", "other")]
    score = compute_score(pairs, "math")
    assert (score["n"], score["recall"], score["others"]) == (2, 0.5, 3)
    assert (score["false_rate"], score["precision"]) == (pytest.approx(1 / 3), 0.5)
    empty = compute_score([], "math")
    assert (empty["recall"], empty["false_rate"], empty["precision"]) == (None, None, None)


@pytest.mark.parametrize("name", ["mine.jsonl", "mine.jsonl.gz"])
def test_files_may_be_compressed_and_name_the_language_in_two_ways(tmp_path: Path, name: str) -> None:
    written = {"text": "你好", "task": "other", "language": "zh", "kind": "greeting"}
    rows = read_questions(write(tmp_path, {**ROW, "source": "a"}, written, name=name))
    assert [(row["set"], row["lang"]) for row in rows] == [("mine, a", "en"), ("mine", "zh")]


def test_scores_are_listed_by_set_and_language(tmp_path: Path) -> None:
    other = {"text": "Good morning", "task": "other", "lang": "en"}
    scores = compute_scores(read_questions(write(tmp_path, ROW, other)))
    assert [(row["set"], row["lang"], row["task"]) for row in scores] == [
        ("mine", "en", "math"), ("mine", "en", "code"),
    ]  # fmt: skip
    assert (scores[0]["recall"], scores[0]["false_rate"]) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "is not JSON"),
        ("[]", "is not a JSON object"),
        ('{"text": "x", "task": "math"}', "has no text under lang"),
        ('{"text": "x", "task": "poem", "lang": "en"}', "unknown task 'poem'"),
    ],
)
def test_an_invalid_line_is_reported_with_its_number(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text(f"{json.dumps(ROW)}\n{line}\n")
    with pytest.raises(BadFileError, match=rf"mine.jsonl:2 .*{message}"):
        read_questions(path)


def test_a_missing_file_is_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "none.jsonl")]) == 2
    assert "cannot be read: No such file" in capsys.readouterr().err
