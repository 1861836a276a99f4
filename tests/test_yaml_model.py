"""The values that policies are made of."""

from __future__ import annotations

import pytest

from prompt_policy.yaml_model import in_language, shown


@pytest.mark.parametrize(
    ("value", "text"), [(None, "null"), (True, "true"), (1, "1"), ("a", "'a'"), ("a" * 99, "'" + "a" * 56 + "...")]
)
def test_values_are_shown_short_and_in_yamls_words(value: object, text: str) -> None:
    assert shown(value) == text


def test_the_first_text_is_the_fallback() -> None:
    texts = {"en": "a", "zh": "b"}
    assert [in_language(texts, language) for language in ("en", "zh", "fr")] == ["a", "b", "a"]
