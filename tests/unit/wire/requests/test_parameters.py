"""Names and numbers of parameters."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy.wire.requests.parameters import (
    CHAT_TOKEN_LIMITS,
    MAX_TOKENS_ONLY,
    RESPONSES_TOKEN_LIMITS,
    TOKEN_LIMITS,
    TokenLimitNames,
    expand_aliases,
    is_same_parameter,
    list_paths,
    parse_number,
    parse_path,
)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (1, 1), (0, 0), (-0.5, -0.5), ("1", 1), (" 1.5 ", 1.5), ("1e3", 1000.0), ("-2", -2),
        (True, None), (None, None), ("", None), ("1,5", None), ("0x1", None), ("nan", None), ("inf", None),
        ("1" * 5000, None), ([1], None), ({}, None), (float("nan"), None),
    ],
)  # fmt: skip
def test_numbers_and_numeric_strings_are_parsed(value: Any, number: Any) -> None:
    assert parse_number(value) == number
    assert type(parse_number(value)) is type(number)


def test_token_limits_are_aliases() -> None:
    assert len(expand_aliases("max_tokens")) == 3
    assert expand_aliases("max_tokens") == expand_aliases("max_output_tokens")
    assert expand_aliases("top_p") == (("top_p",),)
    assert parse_path("a.b") == ("a", "b")


@pytest.mark.parametrize("names", [CHAT_TOKEN_LIMITS, RESPONSES_TOKEN_LIMITS, MAX_TOKENS_ONLY])
def test_every_token_limit_is_read_or_foreign(names: TokenLimitNames) -> None:
    assert sorted((*names.read, *names.foreign)) == sorted(TOKEN_LIMITS)
    assert names.usual in names.read
    assert [names.choose_name(name) for name in names.read] == [*names.read]
    assert {names.choose_name(name) for name in names.foreign} == {names.usual}


def test_paths_of_a_token_limit_are_ordered_by_precedence() -> None:
    assert [*list_paths("max_tokens", CHAT_TOKEN_LIMITS)] == [
        ("max_completion_tokens",), ("max_tokens",), ("max_output_tokens",)
    ]  # fmt: skip
    assert [*list_paths("a.b", CHAT_TOKEN_LIMITS)] == [("a", "b")]


def test_names_of_the_token_limit_are_the_same_parameter() -> None:
    assert is_same_parameter("max_tokens", "max_output_tokens")
    assert is_same_parameter("a", "a")
    assert not is_same_parameter("a", "max_tokens")
