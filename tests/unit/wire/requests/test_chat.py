"""Chat requests: roles, and how an answer is opened."""

from __future__ import annotations

import pytest

from prompt_policy.wire import ChatRequest
from tests.support.policies import chat


@pytest.mark.parametrize(
    ("role", "known"),
    [
        ("system", "system"),
        ("developer", "system"),
        ("user", "user"),
        ("assistant", "assistant"),
        ("tool", "tool"),
        ("function", "tool"),
        ("critic", "other"),
    ],
)
def test_roles_are_normalised(role: str, known: str) -> None:
    assert ChatRequest(chat((role, "x"))).turns[0].role == known


def test_last_user_text_is_the_original() -> None:
    assert ChatRequest(chat("a", ("assistant", "b"), "c", ("assistant", "d"))).last_user_text == "c"


def test_prefill_is_a_continued_message() -> None:
    request = ChatRequest(chat("Hi"))
    request.add_prefill("\n")
    assert request.body == {
        **chat("Hi", ("assistant", "\n")),
        "continue_final_message": True,
        "add_generation_prompt": False,
    }
    assert request.original.is_prefilled is request.is_prefilled
