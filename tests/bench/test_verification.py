"""math-verify in a process that can be killed."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator

import pytest

from prompt_policy.bench.verification import Verifier, compared


@pytest.fixture(scope="module")
def verifier() -> Iterator[Verifier]:
    with Verifier(timeout_s=10) as made:
        yield made


@pytest.mark.parametrize(
    ("right", "given", "same"),
    [(r"\sqrt{8}", r"2\sqrt{2}", True), (r"x^2-1", r"(x-1)(x+1)", True), (r"\sqrt{2}", "1.5", False),
     (r"\{1,2\}", r"\{2,1\}", True), (r"\sqrt{2}", "no idea", False)],
)  # fmt: skip
def test_expressions_are_compared(verifier: Verifier, right: str, given: str, same: bool) -> None:
    assert verifier.verify(right, given) is same
    assert compared(right, given) is same


def test_a_right_answer_that_is_no_mathematics_cannot_be_told() -> None:
    assert compared("", "1") is None


def test_one_that_takes_too_long_is_killed_and_the_next_is_answered() -> None:
    others = set(multiprocessing.active_children())
    with Verifier(timeout_s=0.5) as verifier:
        assert verifier.verify(r"\sqrt{8}", r"2\sqrt{2}") is True
        first = set(multiprocessing.active_children()) - others
        assert verifier.verify("2^{2^{2^{2^{2^{2}}}}}", "3^{3^{3^{3^{3}}}}") is None
        assert verifier.verify(r"\sqrt{18}", r"3\sqrt{2}") is True
        assert not first & set(multiprocessing.active_children())
    assert set(multiprocessing.active_children()) == others
