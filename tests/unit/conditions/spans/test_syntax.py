"""Patterns: the supported subset is parsed, and everything else is rejected with a reason."""

from __future__ import annotations

import pytest

from prompt_policy.conditions.spans.syntax import MAX_POSITIONS, PatternSyntaxError, count_positions, parse_pattern


@pytest.mark.parametrize(
    ("pattern", "count"),
    [("abc", 3), ("a{3}", 3), ("a{2,4}", 4), ("a{2,}", 2), ("a*b+c?", 3), ("(a|bc){2}", 6), (r"[\]a]\d.", 3), ("", 0)],
)
def test_repetitions_expand_to_character_sets(pattern: str, count: int) -> None:
    assert count_positions(parse_pattern(pattern).node) == count


@pytest.mark.parametrize(
    ("pattern", "start", "end"),
    [("^a$", "^", "$"), (r"\ba\b", r"\b", r"\b"), (r"\^a\$", "", ""), ("(?i)^a", "^", ""), ("a", "", "")],
)
def test_anchors_are_read_at_both_ends(pattern: str, start: str, end: str) -> None:
    parsed = parse_pattern(pattern)
    assert (parsed.start, parsed.end) == (start, end)


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("a+?", "longest match"),
        ("a**", "longest match"),
        ("(?=a)", "look-around"),
        ("(?P<n>a)", "look-around"),
        ("a(?i)b", "look-around"),
        ("(a", "closing parenthesis"),
        ("a)b", "opening parenthesis"),
        ("a^b", "start or end"),
        (r"(a\b)c", "start or end"),
        ("^a|b", "alternatives"),
        ("*a", "nothing to apply"),
        ("a|+", "nothing to apply"),
        ("a{b", "nothing to apply"),
        ("[a", "nothing to apply"),
        ("a\\", "nothing to apply"),
        (r"\p{L}", "not supported"),
        (r"(a)\1", "not supported"),
        ("[[:alpha:]]", "nested sets"),
        ("[a&&b]", "nested sets"),
        ("a{3,2}", "not a valid repetition"),
        ("a{0}", "not a valid repetition"),
        ("a{99999}", "not a valid repetition"),
        (f"(ab){{{MAX_POSITIONS}}}", "expand"),
        ("((a{100}){100}){100}", "expand"),
    ],
)
def test_other_syntax_is_rejected_with_a_reason(pattern: str, reason: str) -> None:
    with pytest.raises(PatternSyntaxError, match=reason):
        parse_pattern(pattern)
