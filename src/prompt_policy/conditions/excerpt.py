"""The part of a turn that is classified: bounded, so that the cost does not grow with the turn."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Final, TypeVar

HEAD_CHARS: Final = 2000
TAIL_CHARS: Final = 1000
MAX_CACHED_TEXTS: Final = 16_384
FENCED_CODE: Final = r"```[^`]{0,3000}(?:```|\Z)"
"""The pattern of code in fences, which is not the author's prose."""
_Verdict = TypeVar("_Verdict", bound=str | bool)


def excerpt(text: str) -> str:
    """Return the text, or the head and tail of a long one: at most ``HEAD_CHARS + TAIL_CHARS + 1`` characters."""
    return text if len(text) <= HEAD_CHARS + TAIL_CHARS else f"{text[:HEAD_CHARS]}\n{text[-TAIL_CHARS:]}"


def cache_by_excerpt(classify: Callable[[str], _Verdict]) -> Callable[[str], _Verdict]:
    """Return a function that classifies the excerpt of a text, and caches the result.

    A conversation repeats its turns in every request. Lone surrogates are replaced, because the engine that searches
    for most patterns rejects them.
    """
    cache: dict[int, _Verdict] = {}

    @wraps(classify)
    def classify_text(text: str) -> _Verdict:
        part = text if len(text) <= HEAD_CHARS + TAIL_CHARS else excerpt(text)
        key = hash(part)  # 64 bits; to store the texts would take megabytes
        if (found := cache.get(key)) is None:
            found = classify(part if part.isascii() else part.encode(errors="replace").decode())
            if len(cache) >= MAX_CACHED_TEXTS:
                cache.clear()
            cache[key] = found
        return found

    return classify_text
