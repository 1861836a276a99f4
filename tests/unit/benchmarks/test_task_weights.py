"""The training of the tables of the task classifier, on few turns."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from pathlib import Path

import pytest
from benchmarks.task_weights.generator import TURNS, Generator, LabelledTurn, read_lines
from benchmarks.task_weights.sources import TRAINING_PARTS, read_training_turns, read_written_turns
from benchmarks.task_weights.trainer import TrainingOptions, build_example, raise_thresholds, train_table
from benchmarks.tasks import EVERYDAY, HELD_OUT_PART, find_part

from prompt_policy.conditions.tasks.weights import WeightTable

OPTIONS = TrainingOptions("math", max_weights=20)


@pytest.fixture(scope="module")
def turns() -> list[LabelledTurn]:
    return list(Generator(1).generate(2))


@pytest.fixture(scope="module")
def table(turns: list[LabelledTurn]) -> WeightTable:
    return train_table([build_example(turn) for turn in turns[::3]], OPTIONS)


def test_the_same_seed_gives_the_same_turns(turns: list[LabelledTurn]) -> None:
    assert list(Generator(1).generate(2)) == turns
    assert list(Generator(2).generate(2)) != turns


def test_every_task_is_generated_in_english_and_chinese(turns: list[LabelledTurn]) -> None:
    counts = Counter((turn.task, turn.language) for turn in turns)
    for language in ("en", "zh"):
        assert min(counts[task, language] for task in ("math", "code", "other")) >= 30


def test_every_place_of_a_template_is_filled(turns: list[LabelledTurn]) -> None:
    unfilled = re.compile(r"\{(?:n:|problem|answer)|[\x00]|\|[^|\n]*>")
    slots = {line.partition(": ")[0] for line in read_lines("slots.txt")}
    for turn in turns:
        assert unfilled.search(turn.text) is None, turn.text
        assert not {name for name in slots if f"{{{name}}}" in turn.text}, turn.text


@pytest.mark.parametrize("path", sorted(TURNS.glob("*.txt")), ids=lambda path: path.name)
def test_every_template_names_known_slots(path: Path) -> None:
    slots = {line.partition(": ")[0] for line in read_lines("slots.txt")} | {"problem", "answer"}
    if path.name == "slots.txt":
        return
    for line in read_lines(path.name):
        named = {name for name in re.findall(r"\{([a-z\u4e00-\u9fff]+)\}", line) if name not in {"a", "b", "t"}}
        assert named <= slots, line


def test_the_same_turns_give_the_same_table(turns: list[LabelledTurn], table: WeightTable) -> None:
    assert train_table([build_example(turn) for turn in turns[::3]], OPTIONS) == table


def test_a_table_has_at_most_the_given_number_of_words(table: WeightTable) -> None:
    words = len(table.words) + len(table.pairs) + len(table.first) + len(table.last)
    assert 0 < words <= OPTIONS.max_weights
    assert table.signals


def test_signals_of_mathematics_speak_for_it_and_intents_against_it(table: WeightTable) -> None:
    assert table.signals["question of amount"] > 0
    assert table.signals["works on the wording"] < 0


def test_thresholds_are_raised_by_points(table: WeightTable) -> None:
    raised = raise_thresholds(table, {"en": 1.0, "zh": -0.5, "other": 0.0})
    assert raised.thresholds["en"] - table.thresholds["en"] == 100
    assert raised.thresholds["zh"] - table.thresholds["zh"] == -50
    assert raised.signals == table.signals


def test_held_out_texts_are_not_trained_on(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "train.jsonl.gz", "wt") as file:
        file.write(json.dumps({"source": "set", "task": "math", "lang": "en", "text": "What is 2 + 2?"}) + "\n")
    trained = {turn.text for turn in read_training_turns(tmp_path, seed=1)}
    assert "What is 2 + 2?" in trained
    assert HELD_OUT_PART not in TRAINING_PARTS
    held_out = {turn.text for turn in read_written_turns((HELD_OUT_PART,))}
    assert len(held_out) > 500
    assert trained & held_out == set()
    rows = [json.loads(line) for line in EVERYDAY.read_text().splitlines()]
    assert {row["text"] for row in rows if row["source"] == "held-out"} <= held_out


def test_a_text_is_always_in_the_same_part() -> None:
    assert [find_part(text) for text in ("", "a", "你好")] == [0, 3, 1]
