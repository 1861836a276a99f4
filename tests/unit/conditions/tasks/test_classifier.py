"""The classification of turns by task."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from prompt_policy.conditions.excerpt import HEAD_CHARS
from prompt_policy.conditions.tasks.classifier import (
    SIGNALS,
    classify_task,
    detect_table_language,
    explain_task,
)
from prompt_policy.conditions.tasks.signals.signal import Signal, build_text_views

Row = dict[str, str]
EVERYDAY = Path(__file__).parents[1] / "everyday.jsonl"
SHARED = Path(__file__).parents[4].parent / "shared" / "data"
LANGUAGES = ("en", "zh")

# By task: the precision and recall that must be reached in each language.
REQUIRED = {"math": (0.98, 0.95), "code": (0.97, 0.92)}

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
# Classes of everyday turns that contain the notation or the words of mathematics, each with its own examples.
LOOKS_LIKE_MATH = {
    "digit and exclamation mark": ["Our twins are 3! Write a rhyme for the cake.", "宝宝满100天了,今年4!写句祝福"],
    "degrees": ["Keep the fridge at 4° and the wine at 12°C, right?", "室内26°C要不要开空调"],
    "square metres": ["Which heater for a 25 m² studio?", "90㎡的房子怎么装修"],
    "times": ["I texted her 4 times and she never answered.", "Water it 3 times a week or less?"],
    "scores and ranges": ["Madrid won 4 - 2 on Sunday. Who scored?", "For kids aged 6 - 10, which museum?"],
    "words that end in a function": [
        "Best suntan (no sunscreen smell) lotion?",
        "Kyrgyzstan (mountains) or Pakistan 2025?",
    ],
    "web addresses": ["Is https://shop.test/list?p=3&x=2 a scam?"],
    "vitamins and models": ["Is B-12 better than B-6 for nerves?", "Should I get the X-7 or the X-9?"],
    "model numbers": ["Galaxy 22 or 23, which one has the nicer screen?", "红米12和13哪个续航好"],
    "dates": ["4/5是什么日子", "10/3/2025"],
    "other meanings": [
        "What are the roots of punk?",
        "Which mode of payment is safest abroad?",
        "I have an irrational fear of geese, help",
        "She is on the other side of the square",
        "What were the significant figures in the reform?",
    ],
    "words across borders": ["相机格式化了怎么恢复数据", "最近一周长痘很多"],
    "verbs in other words": ["我打算6月去云南玩5天", "预算4000元买什么平板", "作文要求600字写3件事"],
    "long text": [
        "Please make this mail friendlier: On June 3 we paint all 14 offices. If you need help, both interns are free. "
        "Each desk must be empty by 4 pm, and all that is left goes to the cellar.",
    ],
}
PROBLEM = "A tank holds 240 litres. It loses 6 litres every 5 minutes. How long until it is half empty?"
PROBLEM_ZH = "一个水箱有240升水，每5分钟漏6升，多久漏掉一半？"
# A problem in a turn that wants something else than its result.
INTENTS_OF_PROBLEMS = [
    "Translate into Spanish: {}",
    "Give this chat a short title: {}",
    "Summarize the question in one line: {}",
    "Rewrite this problem with simpler words: {}",
    "Convert to LaTeX: {}",
    "{} Return JSON only.",
    "{} Just the number.",
    "Question: {}\nAnswer:",
    "{}\nA. 60\nB. 80\nC. 100\nAnswer:",
    "Please act as an impartial judge and rate both answers. Question: {} Assistant A: 100. Assistant B: 90.",
    "Grade the student's answer from 0 to 5. Question: {} Student's answer: 90 minutes",
    "You are a grumpy pirate. A boy asks you: {} Stay in character and refuse.",
]
INTENTS_OF_PROBLEMS_ZH = [
    "把下面的题目翻译成英文：{}",
    "给这段对话起一个标题：{}",
    "改写这道题，让小朋友更容易懂：{}",
    "转换成LaTeX：{}",
    "{}只回答数字，不要解释",
    "题目：{}\n学生答案：90分钟\n请给学生打分",
    "请作为裁判比较两个回答。问题：{} 回答A：100 回答B：90",
    "{}\n答案：",
]


def read_rows(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def precision_and_recall(rows: list[Row], language: str, task: str) -> tuple[float, float]:
    outcomes = [(row["task"] == task, classify_task(row["text"]) == task) for row in rows if row["lang"] == language]
    counts = Counter(outcomes)
    found = counts[True, True]
    return found / (found + counts[False, True]), found / (found + counts[True, False])


@pytest.fixture(scope="module")
def everyday() -> list[Row]:
    return read_rows(EVERYDAY)


@pytest.fixture(scope="module")
def shared() -> list[Row]:
    if not SHARED.is_dir():
        pytest.skip(f"the labelled questions lie outside the repository, in {SHARED}")
    return read_rows(SHARED / "task_questions.jsonl")


@pytest.mark.parametrize(("task", "text"), [(task, text) for task, texts in CLEAR.items() for text in texts])
def test_clear_cut_turns_are_classified(task: str, text: str) -> None:
    assert classify_task(text) == task


@pytest.mark.parametrize("text", [text for texts in LOOKS_LIKE_MATH.values() for text in texts])
def test_everyday_turns_with_numbers_are_not_math(text: str) -> None:
    assert classify_task(text) == "other"


@pytest.mark.parametrize("problem", [PROBLEM, PROBLEM_ZH])
def test_the_problem_alone_is_math(problem: str) -> None:
    assert classify_task(problem) == "math"


@pytest.mark.parametrize(
    "text",
    [frame.format(PROBLEM) for frame in INTENTS_OF_PROBLEMS]
    + [frame.format(PROBLEM_ZH) for frame in INTENTS_OF_PROBLEMS_ZH],
)
def test_a_problem_is_not_math_if_its_result_is_not_wanted(text: str) -> None:
    assert classify_task(text) == "other"


@pytest.mark.parametrize(
    "frame", ["{} Please reason step by step, and put your final answer within \\boxed{{}}.", "Help me with this: {}"]
)
def test_a_problem_stays_math_if_its_form_is_left_open_or_boxed(frame: str) -> None:
    assert classify_task(frame.format(PROBLEM)) == "math"


def test_the_sums_of_a_turn_are_explained() -> None:
    verdict = explain_task("What is 17% of 2,450?")
    assert (verdict.task, list(verdict.items), verdict.exclusion) == ("math", ["math"], None)
    points = [item.points for item in verdict.items["math"]]
    assert sum(points) > 0
    assert points == sorted(points, key=abs, reverse=True)
    assert "signal: percentage of a number" in {item.name for item in verdict.items["math"]}


def test_a_turn_without_a_proposal_has_no_sum() -> None:
    assert explain_task("Good morning") == ("other", {}, None)


def test_a_dictated_format_is_explained() -> None:
    verdict = explain_task("What is 17% of 2,450? Only output the number.")
    assert (verdict.task, verdict.exclusion) == ("other", "dictates the form of its answer")


def test_another_wish_is_explained() -> None:
    verdict = explain_task(f"Translate into Spanish: {PROBLEM}")
    assert (verdict.task, verdict.exclusion) == ("other", "wants a translation")


@pytest.mark.parametrize(
    "text",
    [
        "Rewrite 0.75 as a fraction in lowest terms.",
        "Evaluate the following expression: (3 + 4) * 2 - 5",
        "Compare 3/7 and 4/9. Which is bigger?",
        "Write the equation of the line through (1, 2) and (3, 8).",
        "You are a math tutor. Solve 3x + 7 = 22 step by step.",
        "评委给出9个分数：9.1、9.3、9.5、9.2，平均分是多少",
    ],
)
def test_words_of_other_wishes_do_not_exclude_problems(text: str) -> None:
    assert explain_task(text).exclusion is None


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("3 apples", "en"),
        ("20 % of 300 €", "en"),
        ("3个苹果", "zh"),
        ("Ma fille a 5 ans, écris une carte", "other"),
        ("5歳になります", "other"),
        ("다섯 살", "other"),
        ("5 лет", "other"),
    ],
)
def test_the_threshold_depends_on_the_script(text: str, language: str) -> None:
    assert detect_table_language(build_text_views(text)) == language


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("task", REQUIRED)
def test_everyday_questions_reach_precision_and_recall(everyday: list[Row], task: str, language: str) -> None:
    precision, recall = precision_and_recall(everyday, language, task)
    required = REQUIRED[task]
    assert (precision >= required[0], recall >= required[1]) == (True, True), (precision, recall)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("task", REQUIRED)
def test_shared_questions_reach_precision_and_recall(shared: list[Row], task: str, language: str) -> None:
    precision, recall = precision_and_recall(shared, language, task)
    required = REQUIRED[task]
    assert (precision >= required[0], recall >= required[1]) == (True, True), (precision, recall)


@pytest.mark.parametrize("task", ["math", "code", "other"])
def test_everyday_questions_among_shared_ones_reach_recall(shared: list[Row], task: str) -> None:
    rows = [row for row in shared if row["source"] == "everyday" and row["task"] == task]
    assert sum(classify_task(row["text"]) == task for row in rows) >= 0.85 * len(rows)


def test_the_everyday_file_has_no_duplicates(everyday: list[Row]) -> None:
    texts = Counter(row["text"] for row in everyday)
    ids = Counter(row["id"] for row in everyday)
    assert [key for counts in (texts, ids) for key, count in counts.items() if count > 1] == []


def test_no_everyday_question_is_among_the_shared_ones(everyday: list[Row], shared: list[Row]) -> None:
    assert {row["text"] for row in everyday} & {row["text"] for row in shared} == set()


def test_a_question_at_the_end_of_a_long_turn_is_found() -> None:
    assert classify_task("Dear all. " * 100_000 + "Write a Python function that sorts this.") == "code"


def test_the_middle_of_a_long_turn_is_ignored() -> None:
    filler = "and so it goes. "
    assert classify_task(filler * HEAD_CHARS + "def f(x): return x" + filler * HEAD_CHARS) == "other"


@pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.name)
def test_every_repetition_is_bounded(signal: Signal) -> None:
    """Without escapes and character sets, the only repetitions are ``?`` and ``{m,n}`` with a small n."""
    bare = re.sub(r"\[(?:\\.|[^\]\\]){1,}\]", "_", re.sub(r"\\.", "_", signal.pattern))
    assert re.findall(r"[*+]|\{\d*,\}", bare) == []
    assert all(int(most) <= 200 for most in re.findall(r"\{\d+,(\d+)\}", bare))


@pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.name)
def test_no_wide_repetition_is_nested(signal: Signal) -> None:
    """A repeated group begins with a space or another separator, so that there are no two ways to match."""
    groups = re.findall(r"\(\?:([^()]*\{\d+,\d+\}[^()]*)\)\{\d+,\d+\}", signal.pattern)
    assert all(group.startswith((" ", "[A-Z]", r"of\s")) for group in groups)


@pytest.mark.parametrize(
    "piece",
    ["1+", "1", "一", "(", r"\frac{", "x^", "translate a ", "for x in ", "写", "aA", "a_", "$", "`", "\n", "how "],
)
def test_hostile_repetitions_are_classified(piece: str) -> None:
    assert classify_task(piece * 200_000) in {"math", "code", "other"}


@pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.name)
def test_no_alternative_is_empty(signal: Signal) -> None:
    """An empty alternative, which a line break within a group of phrases leaves, matches everywhere."""
    bare = re.sub(r"\[[^\]]*\]", "_", re.sub(r"\\.", "_", signal.pattern))
    assert re.findall(r"\|\||\|\)|\((?:\?:)?\|", bare) == []


def test_names_of_signals_are_unique() -> None:
    assert [name for name, count in Counter(signal.name for signal in SIGNALS).items() if count > 1] == []
