"""The value of an absent parameter, and cached attributes."""

from __future__ import annotations

from prompt_policy.wire.values import MISSING, cached_attribute


def test_missing_is_neither_none_nor_true() -> None:
    assert MISSING is not None
    assert not MISSING


class Counted:
    calls = 0

    @cached_attribute
    def answer(self) -> int:
        """The answer."""
        self.calls += 1
        return 42


def test_cached_attribute_is_computed_once_and_assignable() -> None:
    counted = Counted()
    assert (counted.answer, counted.answer, counted.calls) == (42, 42, 1)
    counted.answer = 7
    assert (counted.answer, Counted().answer) == (7, 42)
