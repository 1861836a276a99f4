"""Evidence for or against a task: a pattern, with points for each task."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from prompt_policy.conditions.patterns import compile_search_valid_utf8
from prompt_policy.conditions.tasks.signals.word_borders import mark_word_borders

Finder = Callable[[str], object]
"""Return a value that is true if a text has a match."""
View = Literal["original", "lowercase", "words", "symbols", "ending", "chinese", "words_in_chinese"]

_BETWEEN_WORDS: Final = re.compile(r"[^a-z0-9+#]{1,999}")
_ADDRESS: Final = re.compile(r"https?://[^\s\u3000-\uffef]{1,999}")
_ENDING_CHARS: Final = 40
_LITERAL_START: Final = re.compile("[a-z][a-z ]")
_LETTER: Final = "[a-z]"
_SYMBOL: Final = "[²³°√∫∑∞∠π∩∪≤≥]"
_CHINESE: Final = "[\u4e00-\u9fff]"
# A character that must not follow is a character that may, or the end: for the search, what it consumes is irrelevant.
_NOT_FOLLOWED_BY: Final = re.compile(r"\(\?!\[?([\u4e00-\u9fff]{1,20})\]?\)")
# Syntax of Python's engine, and a replacement for Rust's engine. The replacement finds a match in the same texts.
_RUST_SYNTAX: Final = {
    "(?= )": " ",
    r"\Z": r"\z",
    r"\d": "[0-9]",
    r"\w": "[A-Za-z0-9_]",
    r"\s": r"[ \t\n\r\f\v]",
    r"\b": r"(?-u:\b)",
}


def build_text_views(text: str) -> dict[View, str]:
    """Return the forms of a text in which signals are searched. A form without content is empty.

    - ``original``: the text itself.
    - ``lowercase``: the text in lower case.
    - ``words``: its Latin words and numbers in lower case, with one space around each, so that ``用Python写`` contains
      the word ``python``. It is empty without Latin words.
    - ``symbols``: ``lowercase`` if it contains a mathematical sign that is not ASCII.
    - ``ending``: the last characters of ``lowercase``.
    - ``chinese`` and ``words_in_chinese``: ``lowercase`` and ``words`` if the text contains Chinese. In the former, a
      space marks a border of two words across which a term of mathematics would be found.

    Web addresses are replaced in all forms but the first.
    """
    lowercase = text.lower()
    if "://" in lowercase:
        lowercase = _ADDRESS.sub(" url ", lowercase)
    words = f" {_BETWEEN_WORDS.sub(' ', lowercase).strip()} " if _compile_finder(_LETTER)(lowercase) else ""
    is_ascii = lowercase.isascii()
    has_chinese = not is_ascii and _compile_finder(_CHINESE)(lowercase)
    has_symbol = not is_ascii and _compile_finder(_SYMBOL)(lowercase)
    return {
        "original": text,
        "lowercase": lowercase,
        "words": words,
        "symbols": lowercase if has_symbol else "",
        "ending": lowercase[-_ENDING_CHARS:],
        "chinese": mark_word_borders(lowercase) if has_chinese else "",
        "words_in_chinese": words if has_chinese else "",
    }


@dataclass(frozen=True, slots=True)
class Signal:
    """One piece of evidence.

    Arguments:
        name: a unique description, for tests and error messages.
        view: the form of the text in which it is searched.
        pattern: a regular expression. Every repetition in it is bounded, so that a search takes linear time.
        math: points for mathematics, per match; negative if it is evidence against the task.
        code: points for code, per match.
        max_count: the number of matches that count.
    """

    name: str
    view: View
    pattern: str
    math: float = 0
    code: float = 0
    max_count: int = 1

    def compile_finder(self) -> Finder:
        """Return a function that finds whether the signal's view of a text has a match."""
        return _compile_finder(self.pattern)

    def count(self, view: str) -> int:
        """Return the number of matches in the signal's view of a text, at most ``max_count``."""
        if not _compile_finder(self.pattern)(view):
            return 0
        if self.max_count == 1:
            return 1
        return sum(1 for _ in zip(range(self.max_count), _compile(self.pattern).finditer(view), strict=False))


@cache
def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII)


@cache
def _compile_finder(pattern: str) -> Finder:
    """Return a function that finds whether a text has a match. Rust's engine is several times faster, if it can."""
    translated = _NOT_FOLLOWED_BY.sub(r"(?:[^\1]|\\z)", pattern)
    for python, rust in _RUST_SYNTAX.items():
        translated = translated.replace(python, rust)
    try:
        return compile_search_valid_utf8(translated)
    except ValueError:  # the pattern has a look-around
        return _compile(pattern).search


def latin_phrases(
    name: str, semicolon_separated: str, *, math: float = 0, code: float = 0, max_count: int = 1
) -> Signal:
    """Return a signal for Latin words and phrases, each also with a plural in -s.

    The pattern begins with a literal space, which lets the search skip from word to word.
    """
    alternatives = [" ".join(phrase.split()).replace("| ", "|") for phrase in semicolon_separated.split(";")]
    return Signal(name, "words", f" (?:{_group_by_first_letter(alternatives)})s?(?= )", math, code, max_count)


def _group_by_first_letter(alternatives: Iterable[str]) -> str:
    """Join alternatives so that a word is compared only with those that begin with the same letter."""
    rests: dict[str, list[str]] = {}
    for alternative in alternatives:
        letter = alternative[0] if _LITERAL_START.match(alternative) else ""
        rests.setdefault(letter, []).append(alternative.removeprefix(letter))
    return "|".join(f"{letter}(?:{'|'.join(rest)})" for letter, rest in rests.items())


def chinese_phrases(name: str, space_separated: str, *, math: float = 0, code: float = 0, max_count: int = 1) -> Signal:
    """Return a signal for Chinese words and patterns, which match anywhere: Chinese has no spaces between words."""
    return Signal(name, "chinese", "|".join(space_separated.split()), math, code, max_count)


def notation(name: str, *alternatives: str, math: float = 0, code: float = 0, max_count: int = 1) -> Signal:
    """Return a signal for notation. The search is fastest if every alternative begins with a literal character."""
    return Signal(name, "lowercase", "|".join(alternatives), math, code, max_count)
