"""Classification of user turns by the intent of their author: mathematics, code or other, in English and Chinese.

Patterns propose a task, and a table of weights decides.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple

from prompt_policy.conditions.excerpt import cache_by_excerpt, excerpt
from prompt_policy.conditions.formats.dictation import dictates_format
from prompt_policy.conditions.tasks.signals.exclusions import EXCLUSIONS
from prompt_policy.conditions.tasks.signals.intents import INTENTS
from prompt_policy.conditions.tasks.signals.mathematics import MATHEMATICS
from prompt_policy.conditions.tasks.signals.negative import NEGATIVE
from prompt_policy.conditions.tasks.signals.notation import NOTATION
from prompt_policy.conditions.tasks.signals.programming import PROGRAMMING
from prompt_policy.conditions.tasks.signals.programming_zh import PROGRAMMING_ZH
from prompt_policy.conditions.tasks.signals.signal import Finder, Signal, View, build_text_views
from prompt_policy.conditions.tasks.signals.syntax import SYNTAX
from prompt_policy.conditions.tasks.signals.word_problems import WORD_PROBLEMS
from prompt_policy.conditions.tasks.tokens import split_tokens
from prompt_policy.conditions.tasks.weights import TABLES, Item, WeightTable, load_table

OTHER: Final = "other"
MIN_MATH_SCORE: Final = 1.5
MIN_CODE_SCORE: Final = 2.5
SIGNALS: Final[tuple[Signal, ...]] = (
    *NOTATION,
    *MATHEMATICS,
    *WORD_PROBLEMS,
    *SYNTAX,
    *PROGRAMMING,
    *PROGRAMMING_ZH,
    *NEGATIVE,
    *INTENTS,
    *EXCLUSIONS,
)
_EXCLUDING: Final = frozenset(signal.name for signal in EXCLUSIONS)
_DICTATED: Final = "dictates the form of its answer"
_BOXED: Final = "\\boxed"
_OTHER_SCRIPTS: Final = (
    "[\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0400-\u052f\u0590-\u0fff\u3041-\u30fa\u3131-\u318e\uac00-\ud7a3]"
)


_FinderGroups = list[tuple[View, list[tuple[Finder, Signal]]]]


class Evidence(NamedTuple):
    """What the patterns found in a turn: points for mathematics and for code, and the number of matches by signal."""

    math: float
    code: float
    counts: list[tuple[str, int]]
    views: dict[View, str]


class TaskExplanation(NamedTuple):
    """The task of a turn, the parts of the sum for each proposed task, and why the turn cannot be mathematics."""

    task: str
    items: dict[str, list[Item]]
    exclusion: str | None


@cache_by_excerpt
def classify_task(text: str) -> str:
    """Return ``math``, ``code`` or ``other`` for a user turn.

    A task is an intent. ``math``: the author wants the result of a mathematical problem, and leaves the form of the
    answer open. ``code``: the author wants a program or a change to one. The middle of a long turn is ignored.
    """
    evidence = find_evidence(text)
    tasks = [task for task in TABLES if proposes(task, evidence)]
    if not tasks:
        return OTHER
    tokens, language = split_tokens(evidence.views["lowercase"]), detect_table_language(evidence.views)
    for task in tasks:
        if load_table(task).compute_margin(evidence.counts, tokens, language) > 0:
            return OTHER if task == "math" and _find_exclusion(text, evidence) else task
    return OTHER


def find_evidence(text: str, *, is_complete: bool = False) -> Evidence:
    """Return the signals in a turn's excerpt, and the points by which they propose mathematics and code.

    Signals without such points are searched only if a task is proposed, or ``is_complete``.
    """
    views = build_text_views(text)
    proposing, others = _group_finders()
    counts = _count_signals(proposing, views)
    math = sum(max(signal.math, 0) * count for signal, count in counts)
    code = sum(max(signal.code, 0) * count for signal, count in counts)
    if is_complete or math >= MIN_MATH_SCORE or code >= MIN_CODE_SCORE:
        counts += _count_signals(others, views)
    return Evidence(math, code, [(signal.name, count) for signal, count in counts], views)


def _count_signals(groups: _FinderGroups, views: dict[View, str]) -> list[tuple[Signal, int]]:
    counts = []
    for view, finders in groups:
        if text := views[view]:
            for find, signal in finders:
                if find(text):
                    counts.append((signal, 1 if signal.max_count == 1 else signal.count(text)))
    return counts


@cache
def _group_finders() -> tuple[_FinderGroups, _FinderGroups]:
    """Return functions that find the signals with positive points, and the others, by the view that they search."""
    proposing: dict[View, list[tuple[Finder, Signal]]] = {}
    others: dict[View, list[tuple[Finder, Signal]]] = {}
    for signal in SIGNALS:
        groups = proposing if max(signal.math, signal.code) > 0 else others
        groups.setdefault(signal.view, []).append((signal.compile_finder(), signal))
    return list(proposing.items()), list(others.items())


def proposes(task: str, evidence: Evidence) -> bool:
    """Return whether the patterns propose a task. Points against it do not count: the table knows their weight."""
    return evidence.code >= MIN_CODE_SCORE if task == "code" else evidence.math >= MIN_MATH_SCORE


def _find_exclusion(text: str, evidence: Evidence) -> str | None:
    """Return why a turn cannot be mathematics, or None. A boxed result is the usual form of a result."""
    for name, _count in evidence.counts:
        if name in _EXCLUDING:
            return name
    return _DICTATED if _BOXED not in text and dictates_format(text) else None


def detect_table_language(views: dict[View, str]) -> str:
    """Return the language whose threshold applies: ``en``, ``zh``, or ``other`` if the script belongs to neither."""
    if views["original"].isascii():
        return "en"
    if _other_script().search(views["lowercase"]):
        return "other"
    return "zh" if views["chinese"] else "en"


@cache
def _other_script() -> re.Pattern[str]:
    return re.compile(_OTHER_SCRIPTS)


def explain_task(text: str) -> TaskExplanation:
    """Return the task of a turn, and the sum of named points for each task that the patterns propose."""
    part = excerpt(text)
    evidence = find_evidence(part if part.isascii() else part.encode(errors="replace").decode())
    items: dict[str, list[Item]] = {}
    for task in TABLES:
        if proposes(task, evidence):
            items[task] = _list_items(load_table(task), evidence)
    return TaskExplanation(classify_task(text), items, _find_exclusion(text, evidence))


def _list_items(table: WeightTable, evidence: Evidence) -> list[Item]:
    tokens = split_tokens(evidence.views["lowercase"])
    items = table.list_items(evidence.counts, tokens, detect_table_language(evidence.views))
    return sorted(items, key=lambda item: -abs(item.points))
