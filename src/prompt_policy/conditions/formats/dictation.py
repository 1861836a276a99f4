"""Whether a text dictates the form of the answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Final

from prompt_policy.conditions.excerpt import FENCED_CODE, cache_by_excerpt
from prompt_policy.conditions.formats import chinese, english, other_languages
from prompt_policy.conditions.patterns import compile_search_valid_utf8

_MIN_QUOTATION_CHARS: Final = 24
_FENCE: Final = "```"
_PLAIN_FORMS: Final = (("“", '"'), ("”", '"'), ("‘", "'"), ("’", "'"), ("–", "-"), ("—", "-"), ("：", ":"))


@cache
def _fenced() -> re.Pattern[str]:
    return re.compile(FENCED_CODE)


@cache
def _quoted() -> re.Pattern[str]:
    return re.compile(r"\"[^\"\n]{1,600}\"|“[^”\n]{1,600}”|「[^」\n]{1,600}」|『[^』\n]{1,600}』")


@cache
def _questions() -> re.Pattern[str]:
    return re.compile(chinese.CHINESE_QUESTIONS)


@cache
def _compile(build: Callable[[], str]) -> Callable[[str | None], bool]:
    return compile_search_valid_utf8(build())


def _programs() -> str:
    return f"{english.ENGLISH_PROGRAMS}|{chinese.CHINESE_PROGRAMS}"


@cache_by_excerpt
def dictates_format(text: str) -> bool:
    """Return whether a text dictates the form of the answer, such as one word, JSON, or no explanation.

    The form of a value is not the form of the answer: a fraction, two decimal places. Quotations of more than a few
    words and code in fences do not count. The middle of a long text is ignored.
    """
    prose = _select_instructions(text.lower().rstrip())
    if _compile(english.build_english_pattern)(prose):
        return True
    asks_for_program = _compile(_programs)
    if _compile(english.build_english_delivery_pattern)(prose) and not asks_for_program(prose):
        return True
    if _compile(other_languages.build_other_pattern)(prose):
        return True
    if prose.isascii():
        return False
    prose = _questions().sub(" ", prose)
    if _compile(chinese.build_chinese_pattern)(prose):
        return True
    return _compile(chinese.build_chinese_delivery_pattern)(prose) and not asks_for_program(prose)


def _select_instructions(text: str) -> str:
    """Return a text without code in fences and long quotations: they are what an instruction is about."""
    if _FENCE in text:
        text = _fenced().sub(" ", text)
    if '"' in text or not text.isascii():
        text = _quoted().sub(lambda match: match[0] if len(match[0]) <= _MIN_QUOTATION_CHARS else " ", text)
    if not text.isascii():
        for typographic, plain in _PLAIN_FORMS:
            text = text.replace(typographic, plain)
    return text
