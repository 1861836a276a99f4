"""Find the place in a text where some figures and words stand together."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

MAX_PLACE_CHARS: Final = 600
"""Characters from the first to the last item of a place."""
_NUMBER: Final = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?:[eE][-+]?\d+)?")
_TAG: Final = re.compile(r"<[^<>]*>")
_INVISIBLE: Final = re.compile(r"<(script|style)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)


class Place(NamedTuple):
    """The lines of a place, from 1."""

    first_line: int
    last_line: int


def find_place(text: str, items: Iterable[str | int | float]) -> Place | None:
    """Return the smallest place that contains every item, or None.

    Words are found without regard to case and to the kind of whitespace, numbers by their value: 1 finds ``1.0``, and
    32768 finds ``32,768``.
    """
    wanted = list(dict.fromkeys(item.casefold() if isinstance(item, str) else float(item) for item in items))
    numbers = list(_list_numbers(text))
    found: list[tuple[int, int, int]] = []
    for index, item in enumerate(wanted):
        spans = _find_word(text, item) if isinstance(item, str) else (span for span, value in numbers if value == item)
        found += ((start, end, index) for start, end in spans)
    smallest = _find_smallest_window(sorted(found), len(wanted))
    if smallest is None:
        return None
    start, end = smallest
    return Place(text.count("\n", 0, start) + 1, text.count("\n", 0, end) + 1)


def strip_markup(page: str) -> str:
    """Return the text of a page: without tags if it is HTML."""
    if not re.match(r"\s*(<!doctype html|<html)", page, re.IGNORECASE):
        return page
    return html.unescape(_TAG.sub(" ", _INVISIBLE.sub(" ", page)))


def _find_word(text: str, word: str) -> Iterator[tuple[int, int]]:
    pattern = r"\s+".join(map(re.escape, word.split()))
    return (match.span() for match in re.finditer(pattern, text, re.IGNORECASE))


def _list_numbers(text: str) -> Iterator[tuple[tuple[int, int], float]]:
    for match in _NUMBER.finditer(text):
        digits = match[0].rstrip(",")
        whole, comma, fraction = digits.partition(",")
        thousands = bool(re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", digits))
        if not comma or thousands:
            yield match.span(), float(digits.replace(",", ""))
        else:  # a list without spaces: "20,0.95"
            at = match.start()
            for part in (whole, *fraction.split(",")):
                if part:
                    yield (at, at + len(part)), float(part)
                at += len(part) + 1


def _find_smallest_window(found: list[tuple[int, int, int]], wanted: int) -> tuple[int, int] | None:
    """Return start and end of the smallest window that contains every index; None if it is longer than a place."""
    latest: dict[int, int] = {}
    best: tuple[int, int] | None = None
    for start, end, index in found:
        latest[index] = start
        if len(latest) == wanted:
            first = min(latest.values())
            if end - first <= MAX_PLACE_CHARS and (best is None or end - first < best[1] - best[0]):
                best = (first, end)
    return best
