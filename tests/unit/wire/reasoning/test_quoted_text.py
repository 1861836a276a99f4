"""QuotedText: code, block quotes and quotation marks are found, as CommonMark has them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from prompt_policy.wire.reasoning.quoted_text import QuotedText


def is_quoted(text: str, **keys: bool) -> bool:
    place = text.index("X")
    return QuotedText(text, **keys).contains(place, place + 1)


@pytest.mark.parametrize(
    "text",
    [
        "`X`", "a `b X` c", "``a ` X``", "`a\nX`", "```\nX\n```", "~~~\nX", "````\n```\nX\n````", "- ```\n  X\n  ```",
        "> ```\n> X\n> ```", "1. - ~~~py\n     X", "> X", "   > a X", "'X'", "’X’", '"X"', 'a "b X c"', "“X”", "„X“",
        "「a X」", "```\na\n``` b\nX\n```",
    ],
)  # fmt: skip
def test_quoted_text_is_found(text: str) -> None:
    assert is_quoted(text)


@pytest.mark.parametrize(
    "text",
    [
        "X", "`a` X `b`", "`a X", "``a` X", "`a\n\nX`", "```\na\n```\nX", "~~~\na\n~~~\nX\n~~~", "```a` X", "a > X",
        '5"10 X "a"', "it's X's", '5" X', '"a" X "b"', "“a” X", "“a X", "a\n> b\n\nX", "'X", "```a`b\nX",
    ],
)  # fmt: skip
def test_other_text_is_not_quoted(text: str) -> None:
    assert not is_quoted(text)


def test_an_unclosed_fence_can_be_text() -> None:
    assert is_quoted("```\nX")
    assert not is_quoted("```\nX", unclosed_fence_is_code=False)
    assert is_quoted("```\nX\n```", unclosed_fence_is_code=False)


def test_text_before_the_start_is_ignored() -> None:
    assert not QuotedText("`aX`", 1).contains(2, 3)
    assert not QuotedText('"aX"', 1).contains(2, 3)


def test_quotation_marks_can_span_lines_of_a_paragraph() -> None:
    assert QuotedText('a "b\nX\n\nc"').spans_lines(5, 6)
    assert not QuotedText('a "b\n\nX\n\nc"').spans_lines(6, 7)
    assert not QuotedText('a "b" c\nX "').spans_lines(8, 9)


INLINE = st.lists(st.sampled_from(["`", "``", "```", "a", " b ", "X"]), max_size=12).map("".join)


@given(text=INLINE)
def test_code_spans_agree_with_commonmark(text: str) -> None:
    text = f"a{text}a"
    tokens = MarkdownIt().parseInline(text)[0].children or []
    code = "".join(token.content for token in tokens if token.type == "code_inline")
    quoted = QuotedText(text)
    assert code.count("X") == sum(quoted.contains(i, i + 1) for i, c in enumerate(text) if c == "X")
