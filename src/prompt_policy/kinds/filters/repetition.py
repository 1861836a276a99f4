"""Detects a text that repeats itself at its end, while the text arrives in pieces."""

from __future__ import annotations

from typing import Final

CHECK_INTERVAL_CHARS: Final = 128
"""The characters between two checks. Checks are at multiples of it, so the result does not depend on the pieces."""
LEAST_REPEATS: Final = 3
"""The smallest ``min_repeats`` with which the search misses no period; see ``_find_period``."""
_PROBE_CHARS: Final = 128


class RepetitionDetector:
    """Detects that the end of a text has a period, with bounded memory and in linear time.

    A text has a period of ``p`` characters if each character equals the one ``p`` characters before it. The detector
    reports a period of at most ``max_period`` characters that holds for the last ``min_chars`` characters, and for at
    least ``min_repeats`` periods.

    Arguments:
        max_period: the greatest period, in characters.
        min_repeats: how often the period must occur, at least ``LEAST_REPEATS``.
        min_chars: the least total length of all repetitions, in characters.
    """

    def __init__(self, max_period: int, min_repeats: int, min_chars: int) -> None:
        self._max_period = max_period
        self._min_repeats = min_repeats
        self._min_chars = min_chars
        self._capacity = max(min_chars, min_repeats * max_period)
        # The last characters of every sufficiently long repetition occur one period earlier, too.
        self._probe_chars = min(_PROBE_CHARS, min_chars - min_chars // min_repeats)
        self._reversed = ""
        self._pieces: list[str] = []
        self._until_check = CHECK_INTERVAL_CHARS

    def feed(self, text: str) -> int | None:
        """Return the number of characters of ``text`` after which the whole text repeats itself; None if it does not.

        Do not feed the detector after it returned a number.
        """
        self._until_check -= len(text)
        self._pieces.append(text)
        return None if self._until_check > 0 else self._check(text)

    def _check(self, text: str) -> int | None:
        """Check the whole text at each multiple of the interval that ``text`` reaches."""
        unchecked = "".join(self._pieces)
        before = len(unchecked) - len(text)
        start = 0
        for end in range(CHECK_INTERVAL_CHARS, len(unchecked) + 1, CHECK_INTERVAL_CHARS):
            # Reversed, because CPython searches forwards in linear time, and backwards in quadratic time.
            self._reversed = (unchecked[start:end][::-1] + self._reversed)[: self._capacity]
            start = end
            if self._find_period() is not None:
                return end - before
        rest = unchecked[start:]
        self._pieces = [rest]
        self._until_check = CHECK_INTERVAL_CHARS - len(rest)
        return None

    def _find_period(self) -> int | None:
        """Return a period of the beginning of the reversed text, or None if it has none of sufficient length.

        The first characters, the probe, occur again after each period, so that every occurrence is a candidate. If a
        candidate's period ends too early, the next probe includes the character that ends it. Each probe is longer
        than the last one by at least the candidate, so there are few.

        No period ``p`` is missed: the probe could be too long for it only if the period of a candidate ``q < p`` held
        for ``p + q`` characters. Then a common divisor of both would be a period, and ``q`` would not end too early.
        """
        text, probe_chars, candidate = self._reversed, self._probe_chars, 0
        if len(text) < self._min_chars:
            return None
        while probe_chars < len(text):
            candidate = text.find(text[:probe_chars], candidate + 1)
            if not 0 < candidate <= self._max_period:
                return None
            wanted = max(self._min_chars, self._min_repeats * candidate)
            if wanted <= len(text) and text.startswith(text[candidate:wanted]):
                return candidate
            probe_chars = _measure_period(text, candidate, probe_chars + candidate) + 1
        return None


def _measure_period(text: str, period: int, least: int) -> int:
    """Return the length of the longest beginning that has a period; it is at least ``least``."""
    most = len(text)
    while least < most:
        middle = (least + most + 1) // 2
        if text.startswith(text[period:middle]):
            least = middle
        else:
            most = middle - 1
    return least
