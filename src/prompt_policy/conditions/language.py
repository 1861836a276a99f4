"""The language of a user turn: that of its instruction, detected by its script."""

from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple

from prompt_policy.conditions.excerpt import FENCED_CODE, excerpt
from prompt_policy.conditions.instruction import QUESTION_RANK, Writing, rank_instruction, split_edges

_NOT_PROSE: Final = r"`[^`\n]{1,300}`|\$\$?[^$]{1,500}\$\$?|\\[a-zA-Z]{1,30}|https?://[^\s\u3000-\uffef]{1,300}"
_QUOTATION: Final = (
    r"“[^”\n]{1,300}”|「[^」\n]{1,300}」|『[^』\n]{1,300}』|\"[^\"\n]{1,300}\"|(?<![A-Za-z])'[^'\n]{1,300}'(?![A-Za-z])"
)
_LATIN_WORD: Final = "[A-Za-zÀ-ɏ]{2,40}"
# Function words of English sentences. Keywords of programming languages and names of variables are left out, because
# they occur in questions of every language.
_ENGLISH_WORDS: Final = frozenset({
    "what", "how", "why", "who", "when", "where", "which", "does", "do", "did", "can", "could", "should", "would",
    "the", "an", "of", "to", "my", "me", "you", "your", "it", "that", "are", "was", "were", "have", "has", "please",
    "translate", "explain", "write", "mean", "means", "say", "help", "give", "make", "find", "tell", "show", "fix",
})  # fmt: skip
_ENGLISH_WEIGHT: Final = 2.0
_LATIN_WEIGHT: Final = 0.05
# Language code, characters of its script, and how many of them weigh as much as one Latin word.
_SCRIPTS: Final = (
    ("zh", "\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0002ffff", 1.6),
    ("ja", "\u3041-\u3096\u30a1-\u30fa", 1.6),
    ("ko", "\uac00-\ud7a3\u1100-\u11ff\u3131-\u318e", 2.5),
    ("ru", "\u0400-\u04ff", 5),
    ("ar", "\u0620-\u064a\u066e-\u06d3", 4),
    ("he", "\u05d0-\u05ea", 4),
    ("hi", "\u0900-\u097f", 4),
    ("th", "\u0e01-\u0e5b", 4),
    ("bn", "\u0980-\u09ff", 4),
    ("ta", "\u0b80-\u0bff", 4),
    ("ka", "\u10a0-\u10ff", 5),
    ("hy", "\u0530-\u058f", 5),
    # Greek letters name quantities in every language, so only accented letters and the final sigma count.
    ("el", "\u0386-\u038f\u03ac-\u03af\u03c2\u03cc-\u03ce", 2),
)
DETECTED_LANGUAGES: Final = ("en", *(code for code, _characters, _per_word in _SCRIPTS))
"""The languages that ``detect_language`` returns."""
_MIN_KANA_SHARE: Final = 0.1
_FULL_WIDTH: Final = re.compile("[\uff01-\uff5e、。]")
_NOT_CHINESE: Final = re.compile(r"[A-Za-zÀ-ɏ]{2}|[\u0370-\u1fff\u3041-\u30fa\u3131-\u318e\uac00-\ud7a3]")
_FULL_WIDTH_ENDS: Final = ("。", "？", "！")
_WRITINGS: Final[tuple[Writing, Writing]] = ("han", "latin")


class _Patterns(NamedTuple):
    fence: re.Pattern[str]
    not_prose: re.Pattern[str]
    quotation: re.Pattern[str]
    latin_word: re.Pattern[str]
    scripts: tuple[tuple[str, re.Pattern[str], float], ...]


@cache
def _patterns() -> _Patterns:
    """Return the compiled patterns. They are compiled for the first text that is not ASCII: many programs see none."""
    scripts = tuple((code, re.compile(f"[{characters}]"), per_word) for code, characters, per_word in _SCRIPTS)
    return _Patterns(
        re.compile(FENCED_CODE), re.compile(_NOT_PROSE), re.compile(_QUOTATION), re.compile(_LATIN_WORD), scripts
    )


def detect_language(text: str) -> str:
    """Return the ISO 639-1 code of the language of a user turn.

    It is the language of the instruction, and not of the text that the instruction is about: "请翻译：Hello"
    is ``zh``. The first and the last sentence are compared if they differ in language; a colon ends a
    sentence. A command takes precedence over a question, and a question over a sentence that is neither.

    Only the script is inspected. Latin letters are ``en`` in every language, Cyrillic is ``ru``, Arabic script ``ar``,
    Devanagari ``hi``. Chinese characters are ``zh``, or ``ja`` if there are kana among them. A text without letters
    is ``en``, or ``zh`` if it has full-width punctuation. Code, LaTeX and URLs do not count, nor do quotations unless
    the text has nothing else.
    """
    if text.isascii():
        return "en"
    patterns = _patterns()
    prose = patterns.not_prose.sub(" ", patterns.fence.sub(" ", excerpt(text)))
    unquoted = patterns.quotation.sub(" ", prose)
    if (found := _detect_script(unquoted) or _detect_script(prose) or _detect_script(excerpt(text))) is None:
        return "zh" if _FULL_WIDTH.search(excerpt(text)) else "en"
    return _detect_instruction(unquoted, found)


def _detect_instruction(prose: str, most: str) -> str:
    """Return the language of the first or the last sentence, if one is more clearly an instruction; else ``most``.

    Arguments:
        prose: the text.
        most: the language of most of it.
    """
    if most == "zh" and _NOT_CHINESE.search(prose) is None:
        return most
    head, tail = split_edges(prose)
    first, last = _detect_script(head) or most, _detect_script(tail) or most
    first_rank = rank_instruction(head, _find_writing(first), is_head=True)
    last_rank = rank_instruction(tail, _find_writing(last), is_head=False)
    if first != last and max(first_rank, last_rank) > 0 and not first_rank == last_rank == QUESTION_RANK:
        return first if first_rank >= last_rank else last
    if most == "en" and (tail.rstrip().endswith(_FULL_WIDTH_ENDS) or _detect_script(tail.lstrip()[:1]) == "zh"):
        chinese, english = (rank_instruction(tail, writing, is_head=False) for writing in _WRITINGS)
        return "zh" if chinese >= english and chinese > 0 else most
    return most


def _find_writing(language: str) -> Writing:
    return "latin" if language == "en" else "han" if language == "zh" else "other"


def _detect_script(prose: str) -> str | None:
    weights = {code: len(pattern.findall(prose)) / per_word for code, pattern, per_word in _patterns().scripts}
    if weights["ja"] > _MIN_KANA_SHARE * (weights["ja"] + weights["zh"]):
        weights["ja"] += weights["zh"]
    weights["en"] = _weigh_latin_words(prose)
    code = max(weights, key=weights.__getitem__)
    return code if weights[code] else None


def _weigh_latin_words(prose: str) -> float:
    """Return the weight of Latin words. Names of products and functions count little: they occur in every language."""
    words = [word.lower() for word in _patterns().latin_word.findall(prose)]
    english = sum(word in _ENGLISH_WORDS for word in words)
    return english * _ENGLISH_WEIGHT + (len(words) - english) * _LATIN_WEIGHT
