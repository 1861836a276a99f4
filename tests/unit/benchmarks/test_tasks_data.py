"""Tests of the labelled texts for the task classifier: valid, unique, and enough of each class."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
DATA = ROOT / "benchmarks" / "tasks_data"
FOREIGN = {"fr", "de", "es", "pt", "ru", "ja", "ko"}
LANGUAGES = {
    "written_everyday.jsonl": {"en", "zh"},
    "written_math.jsonl": {"en", "zh"},
    "written_code.jsonl": {"en", "zh"},
    "bare.jsonl": {"und", "zh"},
    "other_languages.jsonl": FOREIGN,
}
TASKS = {
    "written_everyday.jsonl": {"other"},
    "written_math.jsonl": {"math"},
    "written_code.jsonl": {"code", "other"},
    "bare.jsonl": {"math", "other"},
    "other_languages.jsonl": {"math", "other"},
}
# Kinds whose texts have one task, whatever they contain.
TASK_OF_KIND = {"about_code": "other", "explains_code": "other", "calculation": "math", "math_foreign": "math"}
MINIMA = [
    ("written_everyday.jsonl", "en", "other", 350),
    ("written_everyday.jsonl", "zh", "other", 250),
    ("written_math.jsonl", "en", "math", 150),
    ("written_math.jsonl", "zh", "math", 100),
    ("written_code.jsonl", "en", "code", 100),
    ("written_code.jsonl", "zh", "code", 50),
    ("bare.jsonl", "und", "math", 30),
    ("bare.jsonl", "und", "other", 150),
    *(("other_languages.jsonl", language, task, least) for language in sorted(FOREIGN)
      for task, least in (("math", 15), ("other", 85))),
]  # fmt: skip
LETTERS = {"zh": r"[\u4e00-\u9fff]", "ja": r"[\u3040-\u30ff\u4e00-\u9fff]", "ko": r"[\uac00-\ud7a3]", "ru": r"[а-яё]"}
Row = dict[str, str]


def read_rows(name: str) -> list[Row]:
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]


def normalize(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


ROWS = [(name, row) for name in LANGUAGES for row in read_rows(name)]


def test_every_file_is_known_and_documented() -> None:
    assert {path.name for path in DATA.glob("*.jsonl")} == set(LANGUAGES)
    readme = (DATA / "README.md").read_text()
    assert [name for name in LANGUAGES if f"`{name}`" not in readme] == []


def test_every_line_has_four_texts_and_known_values() -> None:
    for name, row in ROWS:
        assert list(row) == ["text", "task", "language", "kind"], row
        assert all(isinstance(value, str) and value.strip() == value != "" for value in row.values()), row
        assert row["task"] in TASKS[name], row
        assert row["language"] in LANGUAGES[name], row
        assert re.fullmatch(r"[a-z_]+", row["kind"]), row
        assert row["task"] == TASK_OF_KIND.get(row["kind"], row["task"]), row


def test_texts_are_unique_in_all_files() -> None:
    # A bare text is compared with its case, because it has little else.
    counts = Counter(row["text"] if name == "bare.jsonl" else normalize(row["text"]) for name, row in ROWS)
    assert [text for text, count in counts.items() if count > 1] == []


def test_texts_are_not_those_of_the_evaluation() -> None:
    evaluation = [ROOT / "benchmarks" / "data" / "task_questions.jsonl"]
    evaluation.append(ROOT / "tests" / "unit" / "conditions" / "everyday.jsonl")
    known = {normalize(json.loads(line)["text"]) for path in evaluation for line in path.read_text().splitlines()}
    assert [row["text"] for _, row in ROWS if normalize(row["text"]) in known] == []


def test_texts_contain_no_control_characters_or_placeholders() -> None:
    for _, row in ROWS:
        assert not [c for c in row["text"] if c != "\n" and unicodedata.category(c) in {"Cc", "Cs", "Co", "Cn"}], row
        assert "\ufffd" not in row["text"], row
        assert "⏎" not in row["text"], row


@pytest.mark.parametrize("language", LETTERS)
def test_texts_are_in_the_script_of_their_language(language: str) -> None:
    # A formula or a program alone has no letters of the language.
    texts = [row["text"] for name, row in ROWS if row["language"] == language and row["task"] == "other"]
    assert texts
    assert [text for text in texts if not re.search(LETTERS[language], text, re.IGNORECASE)] == []


@pytest.mark.parametrize(("name", "language", "task", "least"), MINIMA)
def test_there_are_enough_texts(name: str, language: str, task: str, least: int) -> None:
    assert sum((row["language"], row["task"]) == (language, task) for row in read_rows(name)) >= least


def test_there_are_enough_texts_about_code_and_bare_texts() -> None:
    kinds = Counter(row["kind"] for _, row in ROWS)
    assert kinds["about_code"] >= 60
    assert len(read_rows("bare.jsonl")) >= 200


def test_most_everyday_texts_contain_a_number() -> None:
    rows = read_rows("written_everyday.jsonl")
    number = re.compile(r"\d|[一二三四五六七八九十两]|\b(?:two|three|four|five|seven|dozen|half)\b", re.IGNORECASE)
    assert sum(bool(number.search(row["text"])) for row in rows) > 0.75 * len(rows)
