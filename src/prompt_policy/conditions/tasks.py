"""What a user turn asks for: mathematics, code or something else, told by rules in English and Chinese."""

from __future__ import annotations

from typing import Final

from prompt_policy.conditions.excerpt import excerpt
from prompt_policy.conditions.task_signals.mathematics import MATHEMATICS
from prompt_policy.conditions.task_signals.notation import NOTATION
from prompt_policy.conditions.task_signals.plain import PLAIN
from prompt_policy.conditions.task_signals.programming import PROGRAMMING
from prompt_policy.conditions.task_signals.programming_zh import PROGRAMMING_ZH
from prompt_policy.conditions.task_signals.signal import Signal, views_of
from prompt_policy.conditions.task_signals.stories import STORIES
from prompt_policy.conditions.task_signals.syntax import SYNTAX

ENOUGH: Final = 3.5
REMEMBERED: Final = 16_384
_VERDICTS: Final[dict[int, str]] = {}
SIGNALS: Final[tuple[Signal, ...]] = (
    *NOTATION,
    *MATHEMATICS,
    *STORIES,
    *SYNTAX,
    *PROGRAMMING,
    *PROGRAMMING_ZH,
    *PLAIN,
)


def task_of(text: str) -> str:
    """Return ``math``, ``code`` or ``other`` for a user turn.

    Each signal that is found adds its points; a task with ``ENOUGH`` points is named. On equal points the
    turn is code: programs speak of numbers more often than exercises speak of programs. The middle of a
    long turn is not looked at. Verdicts are remembered, for a conversation brings its turns again and again.
    """
    seen = excerpt(text)
    # By its hash, of 64 bits: the texts of so many turns would be megabytes.
    key = hash(seen)
    if (verdict := _VERDICTS.get(key)) is None:
        # Half a surrogate pair is no text for the engine that looks for most signals.
        verdict = _verdict(seen if seen.isascii() else seen.encode(errors="replace").decode())
        if len(_VERDICTS) >= REMEMBERED:
            _VERDICTS.clear()
        _VERDICTS[key] = verdict
    return verdict


def _verdict(text: str) -> str:
    math, code = points_of(text)
    if max(math, code) < ENOUGH:
        return "other"
    return "code" if code >= math else "math"


def points_of(text: str) -> tuple[float, float]:
    """Return the points of a user turn's excerpt for mathematics and for code."""
    views = views_of(text)
    math = code = 0.0
    for signal in SIGNALS:
        seen = views[signal.view]
        if seen and (found := signal.count(seen)):
            math += signal.math * found
            code += signal.code * found
    return math, code
