"""Which task a turn asks for."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from prompt_policy.conditions.excerpt import HEAD
from prompt_policy.conditions.task_signals.signal import Signal
from prompt_policy.conditions.tasks import SIGNALS, task_of

Row = dict[str, str]
EVERYDAY = Path(__file__).with_name("everyday.jsonl")
SHARED = Path(__file__).parents[2].parent / "shared" / "data"
LANGUAGES = ("en", "zh")

# Task: precision and recall that must be reached in each language.
WANTED = {"math": (0.98, 0.95), "code": (0.97, 0.92)}

CLEAR = {
    "math": [
        "What is 17% of 2,450?",
        "What's 15% off $80?",
        "solve for x: 3x - 7 = 20",
        "12 * (3 + 4) / 2",
        "Prove that the square root of 2 is irrational.",
        "integrate 1/(1+x^2) from 0 to 1",
        "Tom has 5 apples and buys 3 more. How many does he have now?",
        "what are the odds of rolling a six twice in a row",
        "9.11和9.9哪个大",
        "鸡兔同笼，头35个，脚94只",
        "求解方程：2x + 5 = 17",
        "一件衣服300元，打八折后多少钱？",
        r"若 $\frac{a}{b}=2$, 则 $\frac{a+b}{b}=$",
    ],
    "code": [
        "why does my useEffect loop forever",
        "Explain quicksort",
        "Implement binary search in Rust.",
        "Write a Python function to solve a quadratic equation.",
        "regex to match an email address",
        "how to reverse a string in c",
        "TypeError: 'NoneType' object is not subscriptable",
        "what is wrong here?\n```\nfor x in xs: xs.remove(x)\n```",
        "def is_prime(n: int) -> bool:\n    '''Return true if n is a prime number.'''",
        "用Python写一个快速排序",
        "把这段SQL改快一点",
        "写一段代码，判断一个数是不是质数",
        "这段代码为什么报空指针异常？",
        "怎么用CSS让一个div居中",
        "进程和线程有什么区别",
    ],
    "other": [
        "",
        "?",
        "How many people died between 1939 and 1945?",
        "translate 'one plus one' into French",
        "what year did WW2 end",
        "write a haiku about recursion",
        "Write a script for a film about two robots",
        "What is the function of the liver?",
        "best time of year to visit Java, Indonesia",
        "Are ball pythons good pets?",
        "He made a calculated move. What does that mean?",
        "Take 400 mg of ibuprofen every 6 hours: is that safe?",
        "my landlord wants to raise rent by 10%, is that legal?",
        "写一段30秒的短视频脚本",
        "把“我有两个苹果”翻译成英语",
        "肝脏的功能是什么",
        "他总是算计别人，我该怎么办",
        "1998年世界杯冠军是谁",
        "离婚需要走哪些法律程序",
    ],
}


def read(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def precision_and_recall(rows: list[Row], language: str, task: str) -> tuple[float, float]:
    told = [(row["task"] == task, task_of(row["text"]) == task) for row in rows if row["lang"] == language]
    counts = Counter(told)
    found = counts[True, True]
    return found / (found + counts[False, True]), found / (found + counts[True, False])


@pytest.fixture(scope="module")
def everyday() -> list[Row]:
    return read(EVERYDAY)


@pytest.fixture(scope="module")
def shared() -> list[Row]:
    if not SHARED.is_dir():
        pytest.skip(f"the labelled questions lie outside the repository, in {SHARED}")
    return read(SHARED / "task_questions.jsonl")


@pytest.mark.parametrize(("task", "text"), [(task, text) for task, texts in CLEAR.items() for text in texts])
def test_clear_cut_turns(task: str, text: str) -> None:
    assert task_of(text) == task


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("task", WANTED)
def test_everyday_questions(everyday: list[Row], task: str, language: str) -> None:
    precision, recall = precision_and_recall(everyday, language, task)
    assert (precision >= WANTED[task][0], recall >= WANTED[task][1]) == (True, True), (precision, recall)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("task", WANTED)
def test_the_shared_questions(shared: list[Row], task: str, language: str) -> None:
    precision, recall = precision_and_recall(shared, language, task)
    assert (precision >= WANTED[task][0], recall >= WANTED[task][1]) == (True, True), (precision, recall)


@pytest.mark.parametrize("task", ["math", "code", "other"])
def test_everyday_questions_among_the_shared_ones(shared: list[Row], task: str) -> None:
    rows = [row for row in shared if row["source"] == "everyday" and row["task"] == task]
    assert sum(task_of(row["text"]) == task for row in rows) >= 0.85 * len(rows)


def test_the_everyday_file_has_no_question_twice(everyday: list[Row]) -> None:
    texts = Counter(row["text"] for row in everyday)
    ids = Counter(row["id"] for row in everyday)
    assert [key for counts in (texts, ids) for key, count in counts.items() if count > 1] == []


def test_no_everyday_question_is_among_the_shared_ones(everyday: list[Row], shared: list[Row]) -> None:
    assert {row["text"] for row in everyday} & {row["text"] for row in shared} == set()


def test_a_question_at_the_end_of_a_long_turn_is_seen() -> None:
    assert task_of("Dear all. " * 100_000 + "Write a Python function that sorts this.") == "code"


def test_the_middle_of_a_long_turn_is_not_looked_at() -> None:
    filler = "and so it goes. "
    assert task_of(filler * HEAD + "def f(x): return x" + filler * HEAD) == "other"


@pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.name)
def test_every_repetition_is_bounded(signal: Signal) -> None:
    """Leave escapes and sets out; what repeats then is ``?`` or ``{m,n}`` with a small n."""
    bare = re.sub(r"\[(?:\\.|[^\]\\]){1,}\]", "_", re.sub(r"\\.", "_", signal.pattern))
    assert re.findall(r"[*+]|\{\d*,\}", bare) == []
    assert all(int(most) <= 200 for most in re.findall(r"\{\d+,(\d+)\}", bare))


@pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.name)
def test_no_wide_repetition_is_inside_another(signal: Signal) -> None:
    """A group may repeat up to 20 times where the space that begins it says how often: no two ways to match."""
    groups = re.findall(r"\(\?:([^()]*\{\d+,\d+\}[^()]*)\)\{\d+,\d+\}", signal.pattern)
    assert all(group.startswith((" ", "[A-Z]", r"of\s")) for group in groups)


@pytest.mark.parametrize(
    "piece",
    ["1+", "1", "一", "(", r"\frac{", "x^", "translate a ", "for x in ", "写", "aA", "a_", "$", "`", "\n", "how "],
)
def test_hostile_runs_get_a_verdict(piece: str) -> None:
    assert task_of(piece * 200_000) in {"math", "code", "other"}


def test_names_of_signals_are_told_once() -> None:
    assert [name for name, count in Counter(signal.name for signal in SIGNALS).items() if count > 1] == []
