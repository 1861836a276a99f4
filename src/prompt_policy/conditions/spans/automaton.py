"""Matches parsed patterns within one line in linear time, with the positions of the matches.

The pattern is a position automaton (Glushkov): one state per character set, without empty transitions, so that a set of
states is one integer. A backward pass finds, for each character, the states from which a match can be completed. The
forward pass follows only those, and therefore reads no character that is not part of a match.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, TypeVar

from prompt_policy.conditions.spans.syntax import (
    Alternatives,
    CharacterSet,
    LinePattern,
    Node,
    PatternSyntaxError,
    Repetition,
    parse_pattern,
)

_MAX_CACHED: Final = 4096
_WORD: Final = re.compile(r"\w")
Key = TypeVar("Key", str, int)


class _Fragment(NamedTuple):
    """A part of the automaton: whether it matches the empty text, and its first and last states."""

    is_nullable: bool
    first: int
    last: int


_EMPTY: Final = _Fragment(True, 0, 0)


class SpanFinder:
    """Finds the matches of a pattern that may require other text before the match.

    Arguments:
        matches: the pattern of the match.
        after: the pattern of the text directly before it; None: any.

    Raise PatternSyntaxError if a pattern is not supported, matches the empty text, or has an anchor where the other
    pattern adjoins.
    """

    def __init__(self, matches: str, after: str | None = None) -> None:
        self._sets: list[re.Pattern[str]] = []
        self._follow: list[int] = []
        parsed = [parse_pattern(pattern) for pattern in (after, matches) if pattern is not None]
        if len(parsed) > 1 and (parsed[0].end or parsed[1].start):
            raise PatternSyntaxError("an anchor between `after` and `matches` is not supported; remove it")
        fragments = [self._build(pattern) for pattern in parsed]
        self._first, self._last = fragments[0].first, fragments[-1].last
        self._kept = 0 if after is None else (1 << len(self._sets)) - 1 & ~self._select_from(fragments[-1])
        if after is not None:
            self._connect(fragments[0].last, fragments[1].first)
        self._before = _invert(self._follow)
        self._start, self._end = parsed[0].start, parsed[-1].end
        self._masks: dict[str, int] = {}
        self._followers: dict[int, int] = {}
        self._predecessors: dict[int, int] = {}

    def find(self, line: str) -> Iterator[tuple[int, int]]:
        """Yield the start and end of each match in a line: the longest at the earliest place, without overlaps.

        With ``after``, the start is behind the longest text that matches ``after``.
        """
        alive = self._list_alive(line)
        place = 0
        while place < len(line):
            states = alive[place] & self._first
            if not states or not _is_at(self._start, line, place):
                place += 1
                continue
            end = self._find_end(line, alive, place)
            yield (self._find_split(line, place, end) if self._kept else place), end
            place = end

    # Construction

    def _build(self, pattern: LinePattern) -> _Fragment:
        fragment = self._add(pattern.node)
        if fragment.is_nullable:
            raise PatternSyntaxError("the pattern matches the empty text; require at least one character")
        return fragment

    def _add(self, node: Node) -> _Fragment:
        if isinstance(node, CharacterSet):
            self._sets.append(node.expression)
            self._follow.append(0)
            state = 1 << len(self._sets) - 1
            return _Fragment(False, state, state)
        if isinstance(node, Alternatives):
            items = [self._add(item) for item in node.items]
            nullable, first, last = False, 0, 0
            for item in items:
                nullable, first, last = nullable or item.is_nullable, first | item.first, last | item.last
            return _Fragment(nullable, first, last)
        if isinstance(node, Repetition):
            return self._add_repetition(node)
        whole = _EMPTY
        for part in node.items:
            whole = self._append(whole, self._add(part))
        return whole

    def _add_repetition(self, node: Repetition) -> _Fragment:
        whole = _EMPTY
        for index in range(max(node.least, node.most or 1)):
            item = self._add(node.item)
            if node.most is None and index == max(node.least, 1) - 1:
                self._connect(item.last, item.first)
            whole = self._append(whole, item._replace(is_nullable=item.is_nullable or index >= node.least))
        return whole

    def _append(self, one: _Fragment, other: _Fragment) -> _Fragment:
        self._connect(one.last, other.first)
        first = one.first | (other.first if one.is_nullable else 0)
        last = other.last | (one.last if other.is_nullable else 0)
        return _Fragment(one.is_nullable and other.is_nullable, first, last)

    def _connect(self, sources: int, targets: int) -> None:
        for source in _list_states(sources):
            self._follow[source] |= targets

    def _select_from(self, fragment: _Fragment) -> int:
        """Return all states from a fragment on; states are numbered in the order of the pattern."""
        lowest = min(_list_states(fragment.first))
        return (1 << len(self._sets)) - (1 << lowest)

    # Matching

    def _list_alive(self, line: str) -> list[int]:
        """Return, for each character, the states that consume it and from which a match can be completed."""
        alive, ahead = [0] * len(line), 0
        for index in range(len(line) - 1, -1, -1):
            completed = self._last if _is_at(self._end, line, index + 1) else 0
            ahead = alive[index] = self._mask(line[index]) & (self._get_predecessors(ahead) | completed)
        return alive

    def _find_end(self, line: str, alive: Sequence[int], place: int) -> int:
        states, end = alive[place] & self._first, place
        while states:
            place += 1
            if states & self._last and _is_at(self._end, line, place):
                end = place
            states = self._get_followers(states) & alive[place] if place < len(line) else 0
        return end

    def _find_split(self, line: str, start: int, end: int) -> int:
        """Return the place in a match at which the text of ``after`` ends; the last such place."""
        completing, ahead = [0] * (end - start), self._last
        for index in range(end - 1, start - 1, -1):
            completing[index - start] = ahead = ahead & self._mask(line[index])
            ahead = self._get_predecessors(ahead)
        states, split = completing[0] & self._first, start
        for index in range(start + 1, end):
            possible = completing[index - start]
            if self._get_followers(states & self._kept) & possible & ~self._kept:
                split = index
            states = self._get_followers(states) & possible
        return split

    def _mask(self, character: str) -> int:
        mask = self._masks.get(character)
        if mask is None:
            matching = [index for index, expression in enumerate(self._sets) if expression.fullmatch(character)]
            mask = _store(self._masks, character, sum(1 << index for index in matching))
        return mask

    def _get_followers(self, states: int) -> int:
        found = self._followers.get(states)
        return _store(self._followers, states, _unite(self._follow, states)) if found is None else found

    def _get_predecessors(self, states: int) -> int:
        found = self._predecessors.get(states)
        return _store(self._predecessors, states, _unite(self._before, states)) if found is None else found


def _store(cache: dict[Key, int], key: Key, value: int) -> int:
    """Store a value in a cache of limited size, and return it."""
    if len(cache) >= _MAX_CACHED:
        cache.clear()
    cache[key] = value
    return value


def _list_states(states: int) -> Iterator[int]:
    while states:
        lowest = states & -states
        yield lowest.bit_length() - 1
        states ^= lowest


def _unite(table: Sequence[int], states: int) -> int:
    united = 0
    for state in _list_states(states):
        united |= table[state]
    return united


def _invert(follow: Sequence[int]) -> list[int]:
    before = [0] * len(follow)
    for source, targets in enumerate(follow):
        for target in _list_states(targets):
            before[target] |= 1 << source
    return before


def _is_at(anchor: str, line: str, place: int) -> bool:
    """Return whether an anchor matches at a place of a line; an empty anchor matches everywhere."""
    if not anchor:
        return True
    if anchor == "^":
        return place == 0
    if anchor == "$":
        return place == len(line)
    return _is_word(line, place - 1) is not _is_word(line, place)


def _is_word(line: str, place: int) -> bool:
    return 0 <= place < len(line) and _WORD.match(line, place) is not None
