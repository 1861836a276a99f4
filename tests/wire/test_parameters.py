"""Names and numbers of parameters."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy.wire.parameters import names_of, number_of, path_of


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (1, 1), (0, 0), (-0.5, -0.5), ("1", 1), (" 1.5 ", 1.5), ("1e3", 1000.0), ("-2", -2),
        (True, None), (None, None), ("", None), ("1,5", None), ("0x1", None), ("nan", None), ("inf", None),
        ("1" * 5000, None), ([1], None), ({}, None), (float("nan"), None),
    ],
)  # fmt: skip
def test_numbers(value: Any, number: Any) -> None:
    assert number_of(value) == number
    assert type(number_of(value)) is type(number)


def test_the_three_token_limits_are_one_parameter() -> None:
    assert len(names_of("max_tokens")) == 3
    assert names_of("max_tokens") == names_of("max_output_tokens")
    assert names_of("top_p") == (("top_p",),)
    assert path_of("a.b") == ("a", "b")
