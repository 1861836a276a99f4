"""The tables of weights, and what they decide on the texts that were written for this project."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.tasks import HELD_OUT_PART, WRITTEN, find_part

from prompt_policy.conditions.tasks import weights
from prompt_policy.conditions.tasks.classifier import SIGNALS, classify_task
from prompt_policy.conditions.tasks.tokens import split_tokens
from prompt_policy.conditions.tasks.weights import TABLES, WeightTable, format_table, load_table, parse_table

MAX_BYTES = 60_000
FOLDER = Path(weights.__file__).parent
TABLE = WeightTable(
    thresholds={"en": 100, "zh": 50, "other": 300},
    signals={"number": 40},
    words={"many": 200, "[x]": -10},
    pairs={("how", "many"): 100, (" ", "a"): 1},
    first={"how": 40},
    last={"?": -20},
)
# By file and task: the most texts of another task that may be classified as this one, and the fewest that must be.
FALSE_RATES = [
    ("written_everyday.jsonl", "math", 0.012),
    ("bare.jsonl", "math", 0.02),
    ("other_languages.jsonl", "math", 0.005),
    ("written_everyday.jsonl", "code", 0.012),
    ("bare.jsonl", "code", 0.02),
]
# By file, language and task: the least recall on all texts, and on those that the tables are not trained on.
RECALLS = [
    ("written_math.jsonl", "en", "math", 0.9, 0.78),
    ("written_math.jsonl", "zh", "math", 0.92, 0.82),
    ("written_code.jsonl", "en", "code", 0.8, 0.75),
    ("written_code.jsonl", "zh", "code", 0.92, 0.9),
]


def read_rows(name: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in (WRITTEN / name).read_text(encoding="utf-8").split("\n") if line]


def test_a_table_is_read_as_it_was_written() -> None:
    text = format_table(TABLE, "A comment\nof two lines")
    assert text.startswith("# A comment\n# of two lines\n\n[thresholds]\n100\ten\n300\tother\n50\tzh\n\n[signals]\n")
    table = parse_table(text)
    assert (table.thresholds, table.signals, table.words) == (TABLE.thresholds, TABLE.signals, TABLE.words)
    assert (table.first, table.last) == (TABLE.first, TABLE.last)
    assert table.pairs["how", "many"] == 100


def test_the_margin_is_the_sum_of_its_items() -> None:
    tokens, counts = split_tokens("how many apples?"), [("number", 2), ("unknown", 3)]
    items = list(TABLE.list_items(counts, tokens, "en"))
    assert [item.name for item in items] == [
        "threshold for en", "signal: number (2 times)", "word: many", "first words: how", "last words: ?",
        "pair: how many",
    ]  # fmt: skip
    # Four tokens: words weigh half.
    assert [item.points for item in items] == pytest.approx([-1.0, 0.8, 1.0, 0.2, -0.1, 0.5])
    assert TABLE.compute_margin(counts, tokens, "en") == pytest.approx(sum(item.points for item in items))


def test_the_threshold_depends_on_the_language() -> None:
    tokens = split_tokens("many")
    assert TABLE.compute_margin([], tokens, "zh") - TABLE.compute_margin([], tokens, "other") == pytest.approx(2.5)


def test_a_turn_without_tokens_has_a_margin() -> None:
    assert TABLE.compute_margin([], split_tokens(""), "en") == -1.0


def test_the_files_are_small() -> None:
    assert sum((FOLDER / f"{name}.tsv").stat().st_size for name in TABLES) <= MAX_BYTES


@pytest.mark.parametrize("name", TABLES)
def test_the_files_are_in_the_form_that_the_trainer_writes(name: str) -> None:
    text = (FOLDER / f"{name}.tsv").read_text(encoding="utf-8")
    comment = "\n".join(line[2:] for line in text.split("\n") if line.startswith("# "))
    assert format_table(parse_table(text), comment) == text


@pytest.mark.parametrize("name", TABLES)
def test_the_files_name_only_signals_that_exist(name: str) -> None:
    assert set(load_table(name).signals) - {signal.name for signal in SIGNALS} == set()


def test_the_tables_are_loaded_for_the_first_turn_that_needs_them() -> None:
    code = (
        "from prompt_policy import Pipeline, load\n"
        "from prompt_policy.conditions.tasks.classifier import classify_task\n"
        "from prompt_policy.conditions.tasks.weights import load_table\n"
        "Pipeline(load('deepseek-r1-distill')); classify_task('Good morning')\n"
        "print(load_table.cache_info().currsize); classify_task('What is 2 + 2?')\n"
        "print(load_table.cache_info().currsize)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "1"]


@pytest.mark.parametrize(("name", "task", "most"), FALSE_RATES)
@pytest.mark.parametrize("is_held_out", [False, True])
def test_written_texts_are_seldom_of_a_task_that_they_do_not_have(
    name: str, task: str, most: float, is_held_out: bool
) -> None:
    rows = [row for row in read_rows(name) if (find_part(row["text"]) == HELD_OUT_PART) is is_held_out]
    others = [row["text"] for row in rows if row["task"] != task]
    assert len([text for text in others if classify_task(text) == task]) <= most * len(others) + is_held_out


@pytest.mark.parametrize(("name", "language", "task", "least", "least_held_out"), RECALLS)
def test_written_requests_have_their_task(
    name: str, language: str, task: str, least: float, least_held_out: float
) -> None:
    rows = [row for row in read_rows(name) if row["task"] == task and row["language"] == language]
    held_out = [row for row in rows if find_part(row["text"]) == HELD_OUT_PART]
    for texts, recall in ((rows, least), (held_out, least_held_out)):
        assert sum(classify_task(row["text"]) == task for row in texts) >= recall * len(texts)
