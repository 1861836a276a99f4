"""The turns whose answers have a dictated form: by themselves, or by an instruction before them."""

from __future__ import annotations

import pytest

from prompt_policy.conditions.formats.dictated_turns import DictatedTurns
from prompt_policy.wire import create_request
from tests.support.policies import chat

WORD = "Answer with one word."


def find(*messages: str | tuple[str, str]) -> list[bool]:
    conversation = create_request(chat(*messages), "chat").conversation
    turns = DictatedTurns(conversation)
    return [
        turns.include(text) for role, text in zip(conversation.roles, conversation.texts, strict=True) if role == "u"
    ]


def test_a_turn_dictates_the_form_of_its_own_answer_only() -> None:
    assert find("Hi", ("assistant", "Hello"), f"Is it? {WORD}", ("assistant", "No"), "Why?") == [False, True, False]


@pytest.mark.parametrize("role", ["system", "developer"])
def test_a_system_message_dictates_the_form_of_all_later_answers(role: str) -> None:
    assert find((role, WORD), "Hi", ("assistant", "Hello"), "Why?") == [True, True]
    assert find("Hi", ("assistant", "Hello"), (role, WORD), "Why?") == [False, True]


def test_a_first_paragraph_dictates_the_form_as_the_system_message_folded_into_it() -> None:
    assert find(f"{WORD}\n\nHi", ("assistant", "Hello"), "Why?") == [True, True]
    assert find(f"Hi\n\nWhy? {WORD}", ("assistant", "So."), "Why?") == [True, False]


def test_an_answer_dictates_nothing() -> None:
    assert find("Hi", ("assistant", WORD), "Why?") == [False, False]


def test_a_conversation_without_user_turns_follows_its_system_message() -> None:
    assert DictatedTurns(create_request(chat(("system", WORD)), "chat").conversation).include("")
    assert not DictatedTurns(create_request(chat(("system", "Hi")), "chat").conversation).include("")


def test_a_text_outside_the_conversation_is_judged_by_itself() -> None:
    turns = DictatedTurns(create_request({"prompt": "x"}, "completions").conversation)
    assert (turns.include(WORD), turns.include("Hi")) == (True, False)
