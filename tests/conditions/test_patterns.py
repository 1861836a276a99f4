"""Patterns of policy authors: Rust's, in linear time."""

from __future__ import annotations

import pytest

from prompt_policy.conditions.patterns import searcher


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("(?i)sql", "Some SQL", True),
        ("sql", "Some SQL", False),
        (r"\bjava\b", "javascript", False),
        ("条款", "合同条款如下", True),
        ("^a.c$", "abc", True),
        ("(a+)+$", "a" * 200_000 + "b", False),  # an engine that goes back would not return from this
        ("x$", "half \ud83d a pair, x", True),  # no text at all, for the engine
        ("x$", "half \ud83d a pair, y", False),
        ("^half . a", "half \udfff a pair", True),
    ],
)
def test_a_pattern_is_found_anywhere(pattern: str, text: str, found: bool) -> None:
    assert searcher(pattern)(text) is found


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(a", "unclosed group"),
        ("a(?=b)", "look-around, including look-ahead and look-behind, is not supported"),
        (r"(a)\1", "backreferences are not supported"),
        ("x{100000}{1000}", "size limit"),
    ],
)
def test_what_is_no_pattern_is_said_in_a_line(pattern: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        searcher(pattern)
    assert "\n" not in str(caught.value)
