"""Extraction of the final answer, and its comparison with the expected one."""

from __future__ import annotations

from fractions import Fraction

import pytest

from prompt_policy.bench.matching.answer_match import answers_match, extract_answer, parse_fraction


@pytest.mark.parametrize(
    ("content", "answer"),
    [
        (r"It is \boxed{42}.", "42"),
        (r"\boxed{1}, no: \boxed{2}", "2"),
        (r"\boxed{\frac{1}{2}}", r"\frac{1}{2}"),
        (r"\boxed{\boxed{7}}", "7"),
        (r"\boxed {7}", "7"),
        (r"\boxed{\{1,2\}}", r"\{1,2\}"),
        ("so\n#### 42", "42"),
        (r"\boxed{1", None),
        (r"\boxed{3} and \boxed{4", "3"),
        (r"\boxed{}", None),
        ("3 apples and 5 pears", None),
        (r"\fbox{3}", None),
    ],
)
def test_the_answer_is_the_last_complete_box(content: str, answer: str | None) -> None:
    assert extract_answer(content) == answer


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("42", 42), ("-3", -3), ("−3", -3), ("0.5", Fraction(1, 2)), (".5", Fraction(1, 2)), ("1/2", Fraction(1, 2)),
        (r"\frac{1}{2}", Fraction(1, 2)), (r"-\dfrac{3}{4}", Fraction(-3, 4)), (r"\frac12", Fraction(1, 2)),
        ("1,234", 1234), ("1{,}234.5", Fraction(2469, 2)), ("1e3", 1000), (r"2\times10^{3}", 2000), ("x=5", 5),
        (r"5\text{ cm}", 5), (r"$42$", 42), (r"\$42", 42), (r"90^\circ", 90), ("10%", 10), ("36公里", 36),
        ("9" * 5000, None), ("12,5", None), ("x", None), ("1/0", None), (r"\sqrt{2}", None), ("1+1", None), ("", None),
    ],
)  # fmt: skip
def test_plain_numbers_are_parsed_exactly(text: str, value: Fraction | int | None) -> None:
    assert parse_fraction(text) == value


@pytest.mark.parametrize(
    ("expected", "given", "matches"),
    [
        ("0.5", r"\frac{1}{2}", True), ("42", "42.0", True), ("42", "43", False), ("1/3", "0.333", False),
        ("10%", "0.1", True), ("10%", "10", True), ("0.1", "10%", True), ("10", "11%", False),
        (r"x^2", "x^2", True), (r"\left(1,2\right)", "(1,2)", True),
    ],
)  # fmt: skip
def test_plain_answers_are_compared_without_verification(expected: str, given: str, matches: bool) -> None:
    def verify(_expected: str, _given: str) -> bool | None:
        raise AssertionError("not needed")

    assert answers_match(expected, given, verify) is matches


def test_other_expressions_are_left_to_verification() -> None:
    calls: list[tuple[str, str]] = []

    def verify(expected: str, given: str) -> bool | None:
        calls.append((expected, given))
        return None

    assert answers_match(r"\sqrt{2}", "1.414", verify) is None
    assert calls == [(r"\sqrt{2}", "1.414")]
