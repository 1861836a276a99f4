"""The tokens of a turn."""

from __future__ import annotations

from prompt_policy.conditions.tasks.tokens import MAX_FIRST_TOKENS, MAX_LAST_TOKENS, split_tokens


def test_words_digits_characters_and_signs_are_tokens() -> None:
    assert split_tokens("what's 12.5%, 求x?").words == {"what", "'", "s", "00", ".", "0", "%", ",", "求", "x", "?"}


def test_long_runs_of_digits_are_cut_into_runs_of_four() -> None:
    assert split_tokens("1234567").words == {"0000", "000"}


def test_pairs_are_adjacent_tokens() -> None:
    assert split_tokens("how many 解").pairs == [("how", "many"), ("many", "解")]


def test_first_and_last_tokens_are_known_apart() -> None:
    tokens = split_tokens("a b c d e f g h i j k l m")
    assert tokens.first == {"a", "b", "c", "d", "e"}
    assert tokens.last == {"g", "h", "i", "j", "k", "l", "m"}


def test_the_middle_of_a_long_turn_has_no_tokens() -> None:
    tokens = split_tokens("start " + "and " * MAX_FIRST_TOKENS + "middle " + "so " * MAX_LAST_TOKENS + "end")
    assert tokens.words == {"start", "and", "so", "end"}
    assert tokens.length == MAX_FIRST_TOKENS + MAX_LAST_TOKENS


def test_an_empty_text_has_no_tokens() -> None:
    assert split_tokens("").length == 0
