"""SpanFinder: the longest match at the earliest place, in linear time."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from prompt_policy.conditions.spans.automaton import SpanFinder
from prompt_policy.conditions.spans.syntax import PatternSyntaxError

REPETITIONS = st.sampled_from(["", "", "*", "+", "?", "{2}", "{1,2}", "{1,}"])
ATOMS = st.sampled_from(["a", "b", "[ab]", "[^a]", ".", r"\d", r"\w", r"\s", "(?:ab|a)", "(a|bc)"])
PIECES = st.builds("{}{}".format, ATOMS, REPETITIONS)
SEQUENCES = st.lists(PIECES, min_size=1, max_size=3).map("".join)
PATTERNS = SEQUENCES | st.builds("(?:{}|{}){}{}".format, SEQUENCES, SEQUENCES, REPETITIONS, PIECES)
LINES = st.text("abc1 ", max_size=9)


def find(line: str, matches: str, after: str | None = None) -> list[str]:
    return [line[start:end] for start, end in SpanFinder(matches, after).find(line)]


def search_exhaustively(line: str, matches: str, after: str | None) -> list[tuple[int, int]]:
    """Try every place and every end with Python's re, which backtracks."""
    whole = re.compile(f"(?:{after or ''})(?:{matches})")
    found, place = [], 0
    while place < len(line):
        end = next((end for end in range(len(line), place, -1) if whole.fullmatch(line, place, end)), None)
        if end is None:
            place += 1
            continue
        splits = range(place + 1, end) if after else [place]
        fits = [k for k in splits if re.fullmatch(after or "", line[place:k]) and re.fullmatch(matches, line[k:end])]
        found.append((fits[-1], end))
        place = end
    return found


@given(matches=PATTERNS, after=st.none() | PATTERNS, line=LINES)
def test_matches_are_those_of_an_exhaustive_search(matches: str, after: str | None, line: str) -> None:
    assume(not re.fullmatch(matches, "") and not (after and re.fullmatch(after, "")))
    assert list(SpanFinder(matches, after).find(line)) == search_exhaustively(line, matches, after)


@pytest.mark.parametrize(
    ("line", "matches", "found"),
    [
        ("aab ab", "^a+", ["aa"]),
        ("ab aab", "a+b$", ["aab"]),
        ("cat concat cat", r"\bcat\b", ["cat", "cat"]),
        ("Ab aB", "(?i)ab", ["Ab", "aB"]),
        ("a.b axb", r"a\.b", ["a.b"]),
        ("日本 日", "日本?", ["日本", "日"]),
        ("\ud800a", "a", ["a"]),
        ("", "a", []),
    ],
)
def test_anchors_flags_and_other_scripts(line: str, matches: str, found: list[str]) -> None:
    assert find(line, matches) == found


def test_text_before_the_match_stays() -> None:
    assert find("2026-11-30T10:51 10:52", r"[T ]\d{2}:\d{2}", r"\d{4}-\d{2}-\d{2}") == ["T10:51"]
    assert find("aaa", "a", "a+") == ["a"]


@pytest.mark.parametrize(
    ("matches", "after", "reason"),
    [
        ("a*", None, "empty text"),
        ("a", "b*", "empty text"),
        ("^a", "b", "anchor between"),
        ("a", "b$", "anchor between"),
    ],
)
def test_unusable_patterns_are_rejected(matches: str, after: str | None, reason: str) -> None:
    with pytest.raises(PatternSyntaxError, match=reason):
        SpanFinder(matches, after)


@pytest.mark.parametrize("pattern", ["a|a.*b", r"\s+foo", "(?:a+)+b", "(a|aa)+b"])
def test_the_number_of_steps_grows_linearly(pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def count_steps(length: int) -> int:
        finder, steps = SpanFinder(pattern), 0
        follow = finder._get_followers

        def count(states: int) -> int:
            nonlocal steps
            steps += 1
            return follow(states)

        monkeypatch.setattr(finder, "_get_followers", count)
        list(finder.find("a" * length))
        list(finder.find(" " * length))
        return steps

    assert count_steps(4000) <= 4000 + count_steps(100)
