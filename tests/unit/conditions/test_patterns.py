"""Regular expressions of policy files: Rust syntax, linear time."""

from __future__ import annotations

import pytest

from prompt_policy.conditions.patterns import compile_search


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("(?i)sql", "Some SQL", True),
        ("sql", "Some SQL", False),
        (r"\bjava\b", "javascript", False),
        ("条款", "合同条款如下", True),
        ("^a.c$", "abc", True),
        ("(a+)+$", "a" * 200_000 + "b", False),  # a backtracking engine would not return
        ("x$", "half \ud83d a pair, x", True),  # a lone surrogate, which the engine rejects
        ("x$", "half \ud83d a pair, y", False),
        ("^half . a", "half \udfff a pair", True),
    ],
)
def test_a_pattern_is_found_anywhere(pattern: str, text: str, found: bool) -> None:
    assert compile_search(pattern)(text) is found


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(a", "unclosed group"),
        ("a(?=b)", "look-around, including look-ahead and look-behind, is not supported"),
        (r"(a)\1", "backreferences are not supported"),
        ("x{100000}{1000}", "size limit"),
    ],
)
def test_an_invalid_pattern_is_reported_in_one_line(pattern: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        compile_search(pattern)
    assert "\n" not in str(caught.value)
