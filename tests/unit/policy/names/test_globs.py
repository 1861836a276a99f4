"""Parsed globs match the same names as ``fnmatch``."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from prompt_policy.policy.names.globs import parse_glob

PIECES = st.sampled_from(
    ["a", "B", "ab", "r1", "/", "-", "\n", "ß", "İ", "*", "**", "?", "[", "]", "[!", "[]", "[a-r]"]
)
GLOBS = st.lists(PIECES, max_size=8).map("".join)
NAMES = st.text("abBr1/-\nßİ*?[]!", max_size=10).map(str.casefold)


def matches(text: str, name: str) -> bool:
    glob = parse_glob(text)
    assert not glob.matches(name) or all(part in name for part in glob.parts)
    return glob.matches(name)


@given(GLOBS, NAMES)
@example("[]", "[]")
@example("[]a]b", "ab")
@example("[!]a", "[!]a")
@example("[a", "[a")
@example("a*a", "a")
@example("*ab*ab", "ab")
def test_a_glob_matches_like_fnmatch(text: str, name: str) -> None:
    assert matches(text, name) == fnmatchcase(name, text.casefold())


@given(GLOBS, st.data())
def test_a_glob_matches_names_built_from_it(text: str, data: st.DataObject) -> None:
    folded = text.casefold()
    name = "".join(data.draw(NAMES) if mark == "*" else mark for mark in folded)
    assert matches(text, name) == fnmatchcase(name, folded)


@pytest.mark.parametrize(
    ("text", "parts"),
    [("*Qwen3-*B", ("qwen3-", "b")), ("v[0-9].1-[ab]", ("v", ".1-")), ("?x*", ("x",)), ("***", ()), ("[abc]", ())],
)
def test_literal_parts_are_split_at_wildcards(text: str, parts: tuple[str, ...]) -> None:
    assert parse_glob(text).parts == parts
