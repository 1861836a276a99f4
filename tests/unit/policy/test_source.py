"""The source of a rule."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from prompt_policy.policy.source import Source

MINIMAL = {"url": "https://example.org/card", "read": "2026-12-01", "says": "so"}


def test_a_source_needs_its_page_the_date_of_reading_and_its_statement() -> None:
    source = Source.model_validate(MINIMAL)
    assert (source.kind, source.strength, source.revision, source.copy_) == ("docs", "recommended", None, None)


def test_words_and_numbers_of_a_place_are_separate() -> None:
    source = Source.model_validate({**MINIMAL, "finds": ["Temperature", 0.6, 20, "0.95"]})
    assert source.numbers == {0.6, 20.0}
    assert source.words == {"temperature", "0.95"}


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"finds": [True]}, "expected a word or a number, got true"),
        ({"finds": [""]}, "expected a word or a number"),
        ({"finds": [float("nan")]}, "finite"),
        ({"strength": "strong"}, "'must', 'recommended', 'evaluation' or 'example'"),
        ({"kind": "blog"}, "'card'"),
        ({"copy": "a mirror"}, "pattern"),
        ({"read": None, "date": "2026-12-01"}, "no value"),
    ],
)
def test_a_wrong_value_is_rejected(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Source.model_validate({**MINIMAL, **keys})


def test_the_former_name_of_the_date_is_explained() -> None:
    with pytest.raises(ValidationError, match="'date' was renamed; write `read`"):
        Source.model_validate({"url": "https://example.org", "date": "2026-12-01", "says": "so"})
