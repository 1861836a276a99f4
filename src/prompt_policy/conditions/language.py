"""The language of a user turn, told by its script."""

from __future__ import annotations

import re
from typing import Final

from prompt_policy.conditions.excerpt import excerpt

_FENCE: Final = re.compile(r"```[^`]{0,3000}(?:```|\Z)")
_NOT_PROSE: Final = re.compile(
    r"`[^`\n]{1,300}`|\$\$?[^$]{1,500}\$\$?|\\[a-zA-Z]{1,30}|https?://[^\s\u3000-\uffef]{1,300}"
)
_QUOTATION: Final = re.compile(
    r"“[^”\n]{1,300}”|「[^」\n]{1,300}」|『[^』\n]{1,300}』|\"[^\"\n]{1,300}\"|(?<![A-Za-z])'[^'\n]{1,300}'(?![A-Za-z])"
)
_LATIN_WORD: Final = re.compile(r"[A-Za-zÀ-ɏ]{2,40}")
# Words that hold an English sentence together. None is a keyword of a programming language or a variable,
# which stand in questions of every language.
_ENGLISH: Final = frozenset({
    "what", "how", "why", "who", "when", "where", "which", "does", "do", "did", "can", "could", "should", "would",
    "the", "an", "of", "to", "my", "me", "you", "your", "it", "that", "are", "was", "were", "have", "has", "please",
    "translate", "explain", "write", "mean", "means", "say", "help", "give", "make", "find", "tell", "show", "fix",
})  # fmt: skip
_ENGLISH_WEIGHT: Final = 2.0
_LATIN_WEIGHT: Final = 0.05
# Script, and how many of its characters weigh as much as one Latin word would in its place.
_SCRIPTS: Final[tuple[tuple[str, re.Pattern[str], float], ...]] = tuple(
    (code, re.compile(f"[{characters}]"), per_word)
    for code, characters, per_word in (
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
        # Greek letters are names of quantities in every language; a Greek word has accents and final sigmas.
        ("el", "\u0386-\u038f\u03ac-\u03af\u03c2\u03cc-\u03ce", 2),
    )
)
_KANA_SHARE: Final = 0.1


def language_of(text: str) -> str:
    """Return the ISO 639-1 code of the language that a user turn is written in.

    Only the script is looked at: Latin letters are ``en`` whatever the language, Cyrillic is ``ru``, Arabic
    script ``ar``, Devanagari ``hi``; Chinese characters are ``zh``, with kana between them ``ja``. A text without
    letters is ``en``. Code, LaTeX, addresses and, where something else is left, quotations do not count.
    """
    if text.isascii():
        return "en"
    prose = _NOT_PROSE.sub(" ", _FENCE.sub(" ", excerpt(text)))
    unquoted = _QUOTATION.sub(" ", prose)
    return _by_script(unquoted) or _by_script(prose) or _by_script(excerpt(text)) or "en"


def _by_script(prose: str) -> str | None:
    weights = {code: len(pattern.findall(prose)) / per_word for code, pattern, per_word in _SCRIPTS}
    if weights["ja"] > _KANA_SHARE * (weights["ja"] + weights["zh"]):
        weights["ja"] += weights["zh"]
    weights["en"] = _latin_weight(prose)
    code = max(weights, key=weights.__getitem__)
    return code if weights[code] else None


def _latin_weight(prose: str) -> float:
    """Weigh Latin words: names of products and functions stand in every language, English sentences do not."""
    words = [word.lower() for word in _LATIN_WORD.findall(prose)]
    english = sum(word in _ENGLISH for word in words)
    return english * _ENGLISH_WEIGHT + (len(words) - english) * _LATIN_WEIGHT
