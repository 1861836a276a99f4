"""The words of a user turn that a table of weights knows: words, pairs of words, first words and last words."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from typing import Final, NamedTuple

MAX_FIRST_TOKENS: Final = 60
MAX_LAST_TOKENS: Final = 40
FIRST_TOKENS: Final = 5
LAST_TOKENS: Final = 7
_Pair = tuple[str, str]


class Tokens(NamedTuple):
    """The tokens of a turn by their position; words are distinct, pairs may repeat.

    A token is a Latin word, a run of one to four digits (each written as 0), one Chinese character or one sign.
    """

    words: frozenset[str]
    pairs: list[_Pair]
    first: frozenset[str]
    last: frozenset[str]
    length: int
    """The number of tokens, of which a long turn contributes only its first and last ones."""


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    return re.compile(r"[^\sa-z0]|[a-z]{1,30}|0{1,4}"), re.compile("[1-9]")


def split_tokens(lowercase: str) -> Tokens:
    """Return the tokens of a text in lower case."""
    token, digit = _patterns()
    found = token.findall(digit.sub("0", lowercase))
    if len(found) > MAX_FIRST_TOKENS + MAX_LAST_TOKENS:
        found = [*found[:MAX_FIRST_TOKENS], *found[-MAX_LAST_TOKENS:]]
    return Tokens(
        words=frozenset(found),
        pairs=list(pairwise(found)),
        first=frozenset(found[:FIRST_TOKENS]),
        last=frozenset(found[-LAST_TOKENS:]),
        length=len(found),
    )
