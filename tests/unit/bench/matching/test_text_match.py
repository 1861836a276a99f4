"""Expected words and numbers in the text of an answer."""

from __future__ import annotations

import pytest

from prompt_policy.bench.matching.text_match import contains_words, extract_last_number, is_same_number


@pytest.mark.parametrize(
    ("expected", "text", "found"),
    [
        ("Paris", "the capital is PARIS.", True),
        ("new york", "New\n  York City", True),
        ("art", "start", False),
        ("4", "42", False),
        ("4", "1.4", False),
        ("4", "It is 4.", True),
        ("42", "答案是42。", True),
        ("北京", "首都是北京市", True),
        ("42", "答案是４２", True),
        ("C++", "I like C++!", True),
        ("Москва", "Это Москва.", True),
        ("a.c", "abc", False),
    ],
)
def test_words_are_found_regardless_of_case_width_and_spacing(expected: str, text: str, found: bool) -> None:
    assert contains_words(expected, text) is found


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("3 + 4 = 7.", "7"),
        ("so 1,234.5 metres", "1,234.5"),
        ("it is -3", "-3"),
        ("it is −3", "-3"),
        ("x = 5-3", "3"),
        (r"half, \frac{1}{2}", r"\frac{1}{2}"),
        ("1/2 of it", "1/2"),
        ("10%", "10%"),
        ("答案是３６公里", "36"),
        ("42 g of H2O", "42"),
        ("1{,}234", "1,234"),
        ("none", None),
    ],
)
def test_the_last_number_is_extracted(text: str, number: str | None) -> None:
    assert extract_last_number(text) == number


def test_numbers_are_compared_by_value() -> None:
    assert is_same_number("0.5", "1/2")
    assert is_same_number("1234", "1,234")
    assert not is_same_number("42", "43")
    assert not is_same_number("42", "9" * 100_000)
