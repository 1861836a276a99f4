"""The value of what is absent."""

from __future__ import annotations

from prompt_policy.wire.values import MISSING


def test_it_is_neither_null_nor_true() -> None:
    assert MISSING is not None
    assert not MISSING
