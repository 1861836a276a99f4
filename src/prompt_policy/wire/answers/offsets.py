"""Offsets in annotations: they keep pointing at their text after the text was filtered.

An offset counts the Unicode code points before a place, as ``len`` of a Python string does.
"""

from __future__ import annotations

import operator
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Final

from prompt_policy.wire.values import Json, JsonObject

# Filters delete and delay these characters only; all others keep their order.
_WHITESPACE: Final = " \t\r\n"
_VISIBLE: Final = re.compile(r"[^ \t\r\n]+")
_MAX_BUFFERED_CHARS: Final = 8192
# The keys with offsets, by the type of the annotation. ``index`` of a ``file_path`` is the place of a file in a list.
_OFFSET_KEYS: Final = {
    "url_citation": ("start_index", "end_index"),
    "container_file_citation": ("start_index", "end_index"),
    "file_citation": ("index",),
}


class OffsetMap:
    """Maps the offsets of an original text to those of its replacement, which both grow piece by piece.

    Only the offsets at which the distance between the two changes are stored.
    """

    def __init__(self) -> None:
        self._original = self._rewritten = 0  # the lengths so far
        self._buffered = ""  # the end of the original, from the first visible character that is not emitted yet
        self._starts: list[int] = []
        self._shifts: list[int] = []

    def advance(self, length: int) -> None:
        """Add a piece of this length that passed unchanged."""
        if length:
            self._buffered = ""
            self._add_shift(self._original, self._rewritten - self._original)
            self._original += length
            self._rewritten += length

    def record(self, before: str, after: str) -> None:
        """Add a piece and its replacement.

        The replacement may begin with an inserted text and with text that earlier pieces ended with, and it may lack
        whitespace. Visible text is therefore aligned from the right.
        """
        text, first = self._buffered + before, self._original - len(self._buffered)
        emitted = _find_emitted_end(text, after)
        for start, end in reversed([*_align_visible(text[:emitted], after)]):
            self._add_shift(first + start, self._rewritten + end - first - start)
        buffered = text[emitted:].lstrip(_WHITESPACE)
        self._buffered = buffered if len(buffered) <= _MAX_BUFFERED_CHARS else ""
        self._original += len(before)
        self._rewritten += len(after)

    def shift(self, offset: int, *, is_complete: bool = False) -> int:
        """Return the offset in the replacement. Deleted text has the offset of the text after it, or of the end.

        Arguments:
            offset: the offset in the original text.
            is_complete: whether both texts are complete, so that their ends correspond.
        """
        place = bisect_right(self._starts, offset)
        moved = offset + (self._shifts[place - 1] if place else 0)
        if place < len(self._starts):
            return min(moved, self._starts[place] + self._shifts[place])
        return min(moved, self._rewritten) if is_complete and offset <= self._original else moved

    def _add_shift(self, start: int, shift: int) -> None:
        if shift != (self._shifts[-1] if self._shifts else 0):
            self._starts.append(start)
            self._shifts.append(shift)


class OffsetRecorder:
    """Records the pieces of a text and their replacements; the map is computed only if an annotation needs it.

    Of pieces that passed unchanged, only the length is stored.
    """

    def __init__(self) -> None:
        self._map = OffsetMap()
        self._pieces: list[int | tuple[str, str]] = []

    def advance(self, length: int) -> None:
        """Record a piece of this length that passed unchanged."""
        pieces = self._pieces
        if pieces and isinstance(last := pieces[-1], int):
            pieces[-1] = last + length
        else:
            pieces.append(length)

    def record(self, before: str, after: str) -> None:
        """Record a piece and its replacement."""
        if before == after:
            self.advance(len(before))
        else:
            self._pieces.append((before, after))

    def compute_map(self) -> OffsetMap:
        """Return the map of everything that was recorded."""
        for piece in self._pieces:
            if isinstance(piece, int):
                self._map.advance(piece)
            else:
                self._map.record(*piece)
        self._pieces = []
        return self._map


def _find_emitted_end(text: str, emitted: str) -> int:
    """Return the end of the last visible text that is emitted: a later one is buffered by a filter."""
    found = [*_VISIBLE.finditer(emitted)]
    last = found[-1][0] if found else ""
    for run in reversed([*_VISIBLE.finditer(text)] if last else []):
        for length in range(min(len(run[0]), len(last)), 0, -1):
            if run[0][length - 1] == last[-1] and last.endswith(run[0][:length]):
                return run.start() + length
    return 0


def _align_visible(before: str, after: str) -> Iterator[tuple[int, int]]:
    """Yield where each run of visible text begins in both texts, from the last run to the first that is in both."""
    runs = [found.span() for found in _VISIBLE.finditer(after)]
    for found in reversed([*_VISIBLE.finditer(before)]):
        if not runs:
            return
        start, end = runs.pop()
        begin = end - len(found[0])
        if begin < start or not after.startswith(found[0], begin):
            return
        if begin > start:
            runs.append((start, begin))
        yield found.start(), begin


def shift_annotations(annotations: Json, offsets: OffsetMap, *, is_complete: bool = True) -> Json:
    """Return a list of annotations with shifted offsets; the same object if nothing changes.

    Arguments:
        annotations: the annotations of a text of Chat or Responses; a value that is not a list is returned.
        offsets: the map of the text.
        is_complete: whether the text is complete.
    """
    if not isinstance(annotations, list):
        return annotations
    shifted = [shift_annotation(each, offsets, is_complete=is_complete) for each in annotations]
    return annotations if all(map(operator.is_, shifted, annotations)) else shifted


def shift_annotation(annotation: Json, offsets: OffsetMap, *, is_complete: bool = True) -> Json:
    """Return an annotation with shifted offsets; the same object if nothing changes.

    Chat nests the offsets in an object with the name of the annotation's type; Responses does not.
    """
    kind = annotation.get("type") if isinstance(annotation, dict) else None
    if not isinstance(kind, str) or kind not in _OFFSET_KEYS:
        return annotation
    moved = _shift_keys(annotation, _OFFSET_KEYS[kind], offsets, is_complete)
    if isinstance(nested := moved.get(kind), dict):
        moved = _replace_key(moved, kind, _shift_keys(nested, _OFFSET_KEYS[kind], offsets, is_complete))
    return moved


def _shift_keys(values: JsonObject, keys: Iterable[str], offsets: OffsetMap, is_complete: bool) -> JsonObject:
    """Return an object with shifted offsets. A value that is not an offset is left unchanged."""
    for key in keys:
        value = values.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            values = _replace_key(values, key, offsets.shift(value, is_complete=is_complete))
    return values


def _replace_key(values: JsonObject, key: str, new: Json) -> JsonObject:
    return values if new == values[key] else {**values, key: new}
