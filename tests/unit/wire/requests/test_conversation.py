"""A conversation in columns: made of turns, continued, and replaced message by message."""

from __future__ import annotations

from prompt_policy.wire.requests.conversation import NO_CONVERSATION, ROLES, Conversation
from prompt_policy.wire.requests.turn import Turn

SYSTEM, USER = {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}
CONVERSATION = Conversation.from_turns([Turn("system", SYSTEM, "Be brief."), Turn("user", USER, "Hi")])


def test_each_turn_is_one_entry_per_column() -> None:
    assert CONVERSATION == ("su", [SYSTEM, USER], ["Be brief.", "Hi"])
    assert Conversation.from_turns([]) == ("", [], [])
    assert NO_CONVERSATION.roles == ""


def test_each_role_has_its_own_letter() -> None:
    assert all(role[0] == letter for letter, role in ROLES.items())


def test_replaced_messages_keep_their_original_text() -> None:
    other = {"role": "user", "content": "Hello"}
    changed = CONVERSATION.with_raws({1: other})
    assert changed == ("su", [SYSTEM, other], ["Be brief.", "Hi"])
    assert CONVERSATION.raws[1] is USER


def test_unchanged_conversation_is_the_same_object() -> None:
    assert CONVERSATION.with_raws({}) is CONVERSATION


def test_prefill_has_no_original_text() -> None:
    opening = {"role": "assistant", "content": "<think>"}
    assert CONVERSATION.with_prefill(opening) == ("sua", [SYSTEM, USER, opening], ["Be brief.", "Hi", ""])
    assert CONVERSATION.roles == "su"
