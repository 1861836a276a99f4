"""Find the quoted parts of a Markdown text: code fences, code spans, block quotes and quotation marks."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from typing import Final

_MAX_LINE_CHARS: Final = 10_000  # a line is searched this far back, so that one long line takes linear time
_MAX_QUOTATION_CHARS: Final = 1_000
_LINE: Final = re.compile(r"[^\n]*+(?:\n|\Z)")
_OPENING_FENCE: Final = re.compile(r"[ \t>]*+(?:(?:[-*+]|\d{1,9}[.)])[ \t]++[ \t>]*+)*+(`{3,}+|~{3,}+)([^\n]*+)")
_CLOSING_FENCE: Final = re.compile(r"[ \t>]*+(`{3,}+|~{3,}+)[ \t\r]*+(?:\n|\Z)")
_BLANK_LINE: Final = re.compile(r"[ \t\r>]*+(?:\n|\Z)")
_BLOCK_QUOTE: Final = re.compile(r" {0,3}>")
_RUN: Final = re.compile(r"`++")
_BEFORE_OPENING_MARK: Final = frozenset(["", *" \t\r\n([{"])
_SPACE: Final = frozenset(" \t\r\n")
_CLOSING_MARK: Final = re.compile(r'(?<!\s)"(?!\w)')
_PAIRS: Final = {"“": "”", "„": "“”", "«": "»", "‹": "›", "「": "」", "『": "』", "《": "》"}
_APOSTROPHES: Final = frozenset("'’‘")


class QuotedText:
    """The quoted parts of a text. Finding them takes time linear in the length of the text.

    Arguments:
        text: the text, in Markdown.
        start: the index at which the text begins; earlier characters are ignored.
        unclosed_fence_is_code: whether a code fence that is never closed extends to the end, as in CommonMark.
    """

    def __init__(self, text: str, start: int = 0, *, unclosed_fence_is_code: bool = True) -> None:
        self._text = text
        self._start = start
        self._unclosed_fence_is_code = unclosed_fence_is_code
        self._pairs = [(opening, closing) for opening, closing in _PAIRS.items() if opening in text]
        self._code: list[tuple[int, int]] = []
        if text.find("`", start) >= 0 or text.find("~~~", start) >= 0:
            self._find_code()
        self._code_starts = [begin for begin, _end in self._code]

    def contains(self, begin: int, end: int) -> bool:
        """Return whether the text from ``begin`` to ``end``, which is within a line, is quoted."""
        line = max(self._start, self._text.rfind("\n", max(self._start, begin - _MAX_LINE_CHARS), begin) + 1)
        if self._is_code(begin) or _BLOCK_QUOTE.match(self._text, line) is not None:
            return True
        before = self._text[max(line, begin - _MAX_QUOTATION_CHARS) : begin]
        after = self._text[end : end + _MAX_QUOTATION_CHARS].partition("\n")[0]
        return self._is_enclosed(before, after) or (before[-1:] in _APOSTROPHES and after[:1] in _APOSTROPHES)

    def spans_lines(self, begin: int, end: int) -> bool:
        """Return whether quotation marks that open earlier in the paragraph of ``begin`` close after ``end``."""
        before = self._text[max(self._start, begin - _MAX_QUOTATION_CHARS) : begin]
        return self._is_enclosed(before.rpartition("\n\n")[2], self._text[end : end + _MAX_QUOTATION_CHARS])

    def _is_code(self, place: int) -> bool:
        index = bisect_right(self._code_starts, place) - 1
        return index >= 0 and place < self._code[index][1]

    def _is_enclosed(self, before: str, after: str) -> bool:
        """Return whether quotation marks are open at the end of ``before`` and closed in ``after``."""
        if _opens_quotation(before) and _CLOSING_MARK.search(after):
            return True
        return any(
            before.rfind(opening) > max(map(before.rfind, closing)) and any(mark in after for mark in closing)
            for opening, closing in self._pairs
        )

    def _find_code(self) -> None:
        text, fence, begin = self._text, "", self._start  # begin: of the fence or of the paragraph
        for line in _LINE.finditer(text, self._start):
            if fence:
                closing = _CLOSING_FENCE.fullmatch(text, line.start(), line.end())
                if closing is not None and closing[1].startswith(fence):
                    self._code.append((begin, line.end()))
                    fence, begin = "", line.end()
                continue
            opening = _OPENING_FENCE.match(text, line.start(), line.end())
            if opening is not None and not (opening[1][0] == "`" and "`" in opening[2]):
                self._find_code_spans(begin, line.start())
                fence, begin = opening[1], line.start()
            elif _BLANK_LINE.fullmatch(text, line.start(), line.end()):
                self._find_code_spans(begin, line.start())
                begin = line.end()
        if fence and self._unclosed_fence_is_code:
            self._code.append((begin, len(text)))
        elif not fence:
            self._find_code_spans(begin, len(text))

    def _find_code_spans(self, begin: int, end: int) -> None:
        """Pair each run of backticks with the next run of the same length, as CommonMark does."""
        runs = [run.span() for run in _RUN.finditer(self._text, begin, end)]
        by_length: dict[int, list[int]] = defaultdict(list)
        for index, (start, stop) in enumerate(runs):
            by_length[stop - start].append(index)
        index = 0
        while index < len(runs):
            start, stop = runs[index]
            alike = by_length[stop - start]
            next_alike = bisect_right(alike, index)
            if next_alike < len(alike):
                index = alike[next_alike]
                self._code.append((start, runs[index][1]))
            index += 1


def _opens_quotation(before: str) -> bool:
    """Return whether the last quotation mark of a text is at the start of a word."""
    mark = before.rfind('"')
    return mark >= 0 and before[mark - 1 : mark] in _BEFORE_OPENING_MARK and before[mark + 1 : mark + 2] not in _SPACE
