"""The form of a piece of evidence for or against a task: a pattern with points for each task."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from prompt_policy.conditions.patterns import searcher_of_whole

View = Literal["typed", "folded", "worded", "chinese", "latin"]

_BETWEEN_WORDS: Final = re.compile(r"[^a-z0-9+#]{1,999}")
_PLAIN_START: Final = re.compile("[a-z][a-z ]")
_CHINESE: Final = re.compile("[\u4e00-\u9fff]")
# What means the same to Rust's engine, for the question whether there is a match at all.
_IN_RUST: Final = {
    "(?= )": " ",
    r"\Z": r"\z",
    r"\d": "[0-9]",
    r"\w": "[A-Za-z0-9_]",
    r"\s": r"[ \t\n\r\f\v]",
    r"\b": r"(?-u:\b)",
}


def views_of(text: str) -> dict[View, str]:
    """Return one text as the signals look at it; a view with nothing in it is empty.

    ``typed``: as it came. ``folded``: in lower case. ``worded``: its Latin words and numbers in lower case with
    one space around each, so that ``用Python写`` holds the word ``python``. ``chinese`` and ``latin``: the folded
    and the worded text where there is Chinese in it.
    """
    folded = text.lower()
    worded = f" {_BETWEEN_WORDS.sub(' ', folded).strip()} "
    chinese = _CHINESE.search(folded) is not None
    return {
        "typed": text,
        "folded": folded,
        "worded": worded,
        "chinese": folded if chinese else "",
        "latin": worded if chinese else "",
    }


@dataclass(frozen=True, slots=True)
class Signal:
    """One piece of evidence, counted up to ``most`` times.

    ``math`` and ``code`` are points, negative where the evidence speaks against the task. Every repetition
    in ``pattern`` is bounded, so that a search takes time in proportion to the text.
    """

    name: str
    view: View
    pattern: str
    math: float = 0
    code: float = 0
    most: int = 1

    def count(self, seen: str) -> int:
        """Return how often the evidence is found in its view of a text, at most ``most`` times."""
        if not _finder(self.pattern)(seen):
            return 0
        if self.most == 1:
            return 1
        return sum(1 for _ in zip(range(self.most), _compiled(self.pattern).finditer(seen), strict=False))


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII)


@cache
def _finder(pattern: str) -> Callable[[str], object]:
    """Return what tells whether a pattern is in a text: Rust's engine, several times as fast, where it can."""
    translated = pattern
    for written, in_rust in _IN_RUST.items():
        translated = translated.replace(written, in_rust)
    try:
        return searcher_of_whole(translated)
    except ValueError:  # it looks around
        return _compiled(pattern).search


def phrases(name: str, semicolon_separated: str, *, math: float = 0, code: float = 0, most: int = 1) -> Signal:
    """Return a signal made of Latin words and phrases, each with its plural in -s.

    The pattern begins with a plain space: that lets the search skip from word to word.
    """
    alternatives = [" ".join(phrase.split()).replace("| ", "|") for phrase in semicolon_separated.split(";")]
    return Signal(name, "worded", f" (?:{_by_first_letter(alternatives)})s?(?= )", math, code, most)


def _by_first_letter(alternatives: Iterable[str]) -> str:
    """Join alternatives so that a word is compared only with those of its own first letter."""
    rests: dict[str, list[str]] = {}
    for alternative in alternatives:
        letter = alternative[0] if _PLAIN_START.match(alternative) else ""
        rests.setdefault(letter, []).append(alternative.removeprefix(letter))
    return "|".join(f"{letter}(?:{'|'.join(rest)})" for letter, rest in rests.items())


def characters(name: str, space_separated: str, *, math: float = 0, code: float = 0, most: int = 1) -> Signal:
    """Return a signal made of Chinese words and patterns; they stand anywhere, for Chinese has no spaces."""
    return Signal(name, "chinese", "|".join(space_separated.split()), math, code, most)


def shapes(name: str, *alternatives: str, math: float = 0, code: float = 0, most: int = 1) -> Signal:
    """Return a signal of notation. Where all alternatives begin with a plain character, the search is fastest."""
    return Signal(name, "folded", "|".join(alternatives), math, code, most)
