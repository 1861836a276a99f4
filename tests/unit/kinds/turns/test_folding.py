"""Messages are moved into user turns, on turns without a request."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy.kinds.turns.folding import MarkedTurn, fold_into_users
from prompt_policy.wire.requests.turn import Turn

ROLES: dict[str, Any] = {
    "u": "user",
    "a": "assistant",
    "t": "tool",
    "o": "other",
    "s": "system",
    "m": "system",
    "c": "assistant",
}


def read(conversation: str) -> list[MarkedTurn]:
    """Return turns by letters: ``m`` moves, ``s`` stays, ``c`` calls a tool; each text is the letter and its index."""
    return [
        (
            Turn(
                ROLES[letter],
                {"content": f"{letter}{index}", **({"tool_calls": [1]} if letter == "c" else {})},
                f"{letter}{index}",
            ),
            letter == "m",
        )
        for index, letter in enumerate(conversation)
    ]


def fold(conversation: str, into: str) -> str:
    return " ".join(turn.content for turn in fold_into_users(read(conversation), into, "+"))


@pytest.mark.parametrize(
    ("conversation", "first_user", "next_user", "last_user"),
    [
        ("mu", "m0+u1", "m0+u1", "m0+u1"),
        ("mau", "a1 m0+u2", "m0 a1 u2", "a1 m0+u2"),
        ("umau", "u0+m1 a2 u3", "u0+m1 a2 u3", "u0 a2 m1+u3"),
        ("uamu", "u0 a1 m2+u3", "u0 a1 m2+u3", "u0 a1 m2+u3"),
        ("uamau", "u0 a1 m2 a3 u4", "u0 a1 m2 a3 u4", "u0 a1 a3 m2+u4"),
        ("uctm", "u0 c1 t2 m3", "u0+m3 c1 t2", "m3+u0 c1 t2"),
        ("ucmt", "u0 c1 t3 m2", "u0+m2 c1 t3", "m2+u0 c1 t3"),
        ("uctmctm", "u0 c1 t2 m3 c4 t5 m6", "u0+m3+m6 c1 t2 c4 t5", "m3+m6+u0 c1 t2 c4 t5"),
        ("umctma", "u0+m1 c2 t3 m4 a5", "u0+m1+m4 c2 t3 a5", "m1+m4+u0 c2 t3 a5"),
        ("uactm", "u0 a1 c2 t3 m4", "u0+m4 a1 c2 t3", "m4+u0 a1 c2 t3"),
        ("oomt", "o0 o1 t3 m2", "o0 o1 t3 m2", "o0 o1 t3 m2"),
        ("uomot", "u0 o1 o3 t4 m2", "u0+m2 o1 o3 t4", "m2+u0 o1 o3 t4"),
        ("umum", "u0+m1+u2+m3", "u0+m1+u2+m3", "u0+m1+m3+u2"),
        ("suum", "s0 u1 u2+m3", "s0 u1 u2+m3", "s0 u1 m3+u2"),
        ("ma", "m0 a1", "m0 a1", "m0 a1"),
        ("mm", "m0+m1", "m0+m1", "m0+m1"),
        ("ctm", "c0 t1 m2", "c0 t1 m2", "c0 t1 m2"),
    ],
)
def test_each_destination(conversation: str, first_user: str, next_user: str, last_user: str) -> None:
    assert fold(conversation, "first_user") == first_user
    assert fold(conversation, "next_user") == next_user
    assert fold(conversation, "last_user") == last_user


@pytest.mark.parametrize("conversation", ["", "u", "suau", "uctau", "oot", "aa", "ss"])
@pytest.mark.parametrize("into", ["first_user", "next_user", "last_user"])
def test_turns_that_stay_are_the_same(conversation: str, into: str) -> None:
    marked = read(conversation)
    folded = fold_into_users(marked, into, "+")
    assert [id(turn) for turn in folded] == [id(turn) for turn, _moves in marked]


def test_the_original_text_of_a_turn_is_that_of_the_user() -> None:
    (turn,) = fold_into_users(read("mumu"), "first_user", "+")
    assert turn.original_text == "u1+u3"
