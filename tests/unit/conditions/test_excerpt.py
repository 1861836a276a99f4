"""The part of a turn that is classified."""

from __future__ import annotations

import pytest

from prompt_policy.conditions.excerpt import HEAD_CHARS, MAX_CACHED_TEXTS, TAIL_CHARS, cache_by_excerpt, excerpt


@pytest.mark.parametrize("length", [0, 1, HEAD_CHARS, HEAD_CHARS + TAIL_CHARS])
def test_a_short_text_is_returned_whole(length: int) -> None:
    text = "x" * length
    assert excerpt(text) is text


def test_a_long_text_is_cut_to_its_head_and_tail() -> None:
    text = "h" * HEAD_CHARS + "middle" * 100_000 + "t" * TAIL_CHARS
    assert excerpt(text) == "h" * HEAD_CHARS + "\n" + "t" * TAIL_CHARS


def test_a_text_is_classified_once_by_its_excerpt() -> None:
    seen: list[str] = []

    @cache_by_excerpt
    def is_seen(text: str) -> bool:
        seen.append(text)
        return False

    long = "h" * HEAD_CHARS + "middle" * 1000 + "t" * TAIL_CHARS
    assert [is_seen(text) for text in ("a", long, "\ud800", "a", long, "\ud800")] == [False] * 6
    assert seen == ["a", excerpt(long), "?"]


def test_the_cache_is_bounded() -> None:
    seen: list[str] = []

    @cache_by_excerpt
    def classify(text: str) -> str:
        seen.append(text)
        return text

    texts = [str(number) for number in range(MAX_CACHED_TEXTS + 1)]
    assert [classify(text) for text in texts] == texts
    assert (classify(texts[-1]), classify(texts[0])) == (texts[-1], texts[0])
    assert seen == [*texts, texts[0]]
