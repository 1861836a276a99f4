"""Compare the text of an answer with expected words, or its last number with an expected number."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

from prompt_policy.bench.matching.answer_match import answers_match

# Letters and digits of scripts that separate words; Chinese and Japanese, for example, do not.
_WORD_CHARACTER: Final = r"[^\W_\u0e00-\u0eff\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]"
_NUMBER: Final = re.compile(
    r"(?<![A-Za-z0-9_])(?<!\d\.)(?:(?<![\w)\]}])[-+])?"
    r"(?:\\[dt]?frac\{\d+\}\{\d+\}|\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3}|/\d+)?|\.\d+)(?:\\?%)?"
)


def contains_words(expected: str, text: str) -> bool:
    """Return whether a text contains the expected words, regardless of case, width and spacing.

    They must not be part of a longer word or number: "art" is not in "start", nor "4" in "42" or "1.4".
    """
    return _compile_words(_normalize(expected)).search(_normalize(text)) is not None


@lru_cache(maxsize=1024)
def _compile_words(words: str) -> re.Pattern[str]:
    is_separated = [re.fullmatch(_WORD_CHARACTER, edge) is not None for edge in (words[:1], words[-1:])]
    before = rf"(?<!{_WORD_CHARACTER})(?<!\d[.,])" if is_separated[0] else ""
    after = rf"(?!{_WORD_CHARACTER})(?![.,]\d)" if is_separated[1] else ""
    return re.compile(before + re.escape(words) + after)


def _normalize(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def extract_last_number(text: str) -> str | None:
    """Return the last number of a text as it is written, with its sign and percent sign; None if it has no number."""
    plain = unicodedata.normalize("NFKC", text.replace("{,}", ",")).replace("−", "-")
    numbers = _NUMBER.findall(plain)
    return numbers[-1] if numbers else None


def is_same_number(expected: str, given: str) -> bool:
    """Return whether two numbers are equal; False if either is not a plain number."""
    return answers_match(expected, given, lambda _expected, _given: None) is True
