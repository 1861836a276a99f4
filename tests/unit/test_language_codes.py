"""Language codes in policy files."""

from __future__ import annotations

import re

import pytest
from pydantic import TypeAdapter, ValidationError

from prompt_policy.conditions.language import DETECTED_LANGUAGES
from prompt_policy.language_codes import LANGUAGE_PATTERN, LanguageCode, suggest_language

CODE = TypeAdapter(LanguageCode)


@pytest.mark.parametrize("code", [*DETECTED_LANGUAGES, "fr", "de", "es", "pt", "it", "vi", "id", "tr", "uk", "sw"])
def test_iso_codes_are_valid(code: str) -> None:
    assert CODE.validate_python(code) == code
    assert re.search(LANGUAGE_PATTERN, code)


@pytest.mark.parametrize(
    ("code", "meant"),
    [
        *(("cn", "zh"), ("CN", "zh"), ("jp", "ja"), ("zh-CN", "zh"), ("zh_Hans", "zh"), ("en-US", "en"), ("EN", "en")),
        *(("chinese", "zh"), ("English", "en"), ("gr", "el"), ("ua", "uk"), ("cn-TW", "zh")),
    ],
)
def test_a_misspelt_code_is_an_error_with_a_suggestion(code: str, meant: str) -> None:
    with pytest.raises(ValidationError, match=rf"'{code}' is not an ISO 639-1 language code \(did you mean '{meant}'"):
        CODE.validate_python(code)
    assert not re.search(LANGUAGE_PATTERN, code)


def test_a_valid_code_of_another_language_has_a_suggestion_too() -> None:
    assert suggest_language("kr") == " (did you mean 'ko'?)"  # the code of Kanuri


@pytest.mark.parametrize("code", ["xx", "default", "fr", "-", "zz-ZZ"])
def test_an_unknown_word_has_no_suggestion(code: str) -> None:
    assert suggest_language(code) == ""
