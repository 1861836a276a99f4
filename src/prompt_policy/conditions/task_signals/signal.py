"""The form of a piece of evidence for or against a task: a pattern with points for each task."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

View = Literal["typed", "folded", "worded", "chinese", "latin"]

_BETWEEN_WORDS: Final = re.compile(r"[^a-z0-9+#]{1,999}")
_PLAIN_START: Final = re.compile("[a-z][a-z ]")
_CHINESE: Final = re.compile("[\u4e00-\u9fff]")


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
    pattern: re.Pattern[str]
    math: float = 0
    code: float = 0
    most: int = 1

    def count(self, seen: str) -> int:
        """Return how often the evidence is found in its view of a text, at most ``most`` times."""
        if self.most == 1:
            return 1 if self.pattern.search(seen) else 0
        return sum(1 for _ in zip(range(self.most), self.pattern.finditer(seen), strict=False))


def phrases(name: str, semicolon_separated: str, *, math: float = 0, code: float = 0, most: int = 1) -> Signal:
    """Return a signal made of Latin words and phrases, each with its plural in -s.

    The pattern begins with a plain space: that lets the search skip from word to word.
    """
    alternatives = [" ".join(phrase.split()).replace("| ", "|") for phrase in semicolon_separated.split(";")]
    return Signal(name, "worded", re.compile(f" (?:{_by_first_letter(alternatives)})s?(?= )"), math, code, most)


def _by_first_letter(alternatives: Iterable[str]) -> str:
    """Join alternatives so that a word is compared only with those of its own first letter."""
    rests: dict[str, list[str]] = {}
    for alternative in alternatives:
        letter = alternative[0] if _PLAIN_START.match(alternative) else ""
        rests.setdefault(letter, []).append(alternative.removeprefix(letter))
    return "|".join(f"{letter}(?:{'|'.join(rest)})" for letter, rest in rests.items())


def characters(name: str, space_separated: str, *, math: float = 0, code: float = 0, most: int = 1) -> Signal:
    """Return a signal made of Chinese words and patterns; they stand anywhere, for Chinese has no spaces."""
    pattern = re.compile("|".join(space_separated.split()), re.ASCII)
    return Signal(name, "chinese", pattern, math, code, most)


def shapes(name: str, *alternatives: str, math: float = 0, code: float = 0, most: int = 1) -> Signal:
    """Return a signal of notation. Where all alternatives begin with a plain character, the search is fastest."""
    return Signal(name, "folded", re.compile("|".join(alternatives), re.ASCII), math, code, most)
