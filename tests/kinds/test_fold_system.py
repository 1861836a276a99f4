"""FoldSystem: system and developer messages go into user turns."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import apply, chat

FIRST = {"kind": "fold_system"}
LAST = {"kind": "fold_system", "into": "last_user"}
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
CALL = {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{}"}}]}
RESULT = {"role": "tool", "tool_call_id": "1", "content": "4"}


def folded(rule: dict[str, Any], *messages: Any) -> list[Any]:
    sent = apply(rule, chat(*messages)).body["messages"]
    return [
        (m["role"], m["content"]) if isinstance(m, dict) and m["role"] in ("user", "assistant") else m for m in sent
    ]


@pytest.mark.parametrize("role", ["system", "developer"])
def test_the_text_goes_in_front_of_the_first_user_turn(role: str) -> None:
    assert folded(FIRST, (role, "S"), "U", ("assistant", "A"), "V") == [
        ("user", "S\n\nU"), ("assistant", "A"), ("user", "V"),
    ]  # fmt: skip


def test_with_last_user_all_of_it_goes_into_the_last_one() -> None:
    assert folded(LAST, ("system", "S"), "U", ("assistant", "A"), ("system", "T"), "V", ("system", "W")) == [
        ("user", "U"), ("assistant", "A"), ("user", "S\n\nT\n\nW\n\nV"),
    ]  # fmt: skip


def test_several_are_joined_in_order_with_the_separator() -> None:
    rule = {**FIRST, "separator": " | "}
    assert folded(rule, ("system", "S"), ("developer", "T"), "U") == [("user", "S | T | U")]


def test_one_in_mid_conversation_goes_to_the_next_user_turn() -> None:
    assert folded(FIRST, "U", ("assistant", "A"), ("system", "S"), "V") == [
        ("user", "U"), ("assistant", "A"), ("user", "S\n\nV"),
    ]  # fmt: skip


def test_with_nothing_to_fold_into_it_becomes_a_user_turn() -> None:
    assert folded(FIRST, ("system", "S")) == [("user", "S")]
    assert folded(LAST, ("system", "S"), ("system", "T")) == [("user", "S\n\nT")]


def test_one_before_the_clients_prefill_becomes_a_user_turn_before_it() -> None:
    assert folded(FIRST, ("system", "S"), ("assistant", "A")) == [("user", "S"), ("assistant", "A")]


def test_one_at_the_end_goes_to_the_user_turn_just_before_it() -> None:
    assert folded(FIRST, "U", ("system", "S")) == [("user", "U\n\nS")]


def test_one_after_the_last_answer_becomes_a_user_turn() -> None:
    assert folded(FIRST, "U", ("assistant", "A"), ("system", "S")) == [("user", "U"), ("assistant", "A"), ("user", "S")]


def test_one_before_tool_results_waits_until_after_them() -> None:
    sent = apply(FIRST, chat("U", CALL, ("system", "S"), RESULT)).body["messages"]
    assert sent == [{"role": "user", "content": "U"}, CALL, RESULT, {"role": "user", "content": "S"}]


def test_tool_calls_and_results_stay_as_they_are() -> None:
    sent = apply(FIRST, chat(("system", "S"), "U", CALL, RESULT, "V")).body["messages"]
    assert sent[1:3] == [CALL, RESULT]


def test_two_user_turns_that_only_a_system_message_kept_apart_become_one() -> None:
    assert folded(FIRST, "U", ("system", "S"), "V") == [("user", "U\n\nS\n\nV")]


def test_two_user_turns_of_the_clients_own_stay_two() -> None:
    assert folded(FIRST, ("system", "S"), "U", "V") == [("user", "S\n\nU"), ("user", "V")]


def test_a_list_of_parts_keeps_its_images() -> None:
    parts = [IMAGE, {"type": "text", "text": "What is this?"}]
    assert folded(FIRST, ("system", "S"), ("user", parts)) == [("user", [{"type": "text", "text": "S"}, *parts])]


def test_text_parts_that_meet_become_one() -> None:
    parts = [{"type": "text", "text": "What is this?"}, IMAGE]
    assert folded(FIRST, ("system", [{"type": "text", "text": "S"}]), ("user", parts)) == [
        ("user", [{"type": "text", "text": "S\n\nWhat is this?"}, IMAGE])
    ]


def test_an_image_in_a_system_message_is_kept() -> None:
    assert folded(FIRST, ("system", [{"type": "text", "text": "S"}, IMAGE]), "U") == [
        ("user", [{"type": "text", "text": "S"}, IMAGE, {"type": "text", "text": "U"}])
    ]


@pytest.mark.parametrize("empty", [None, "", []])
def test_an_empty_system_message_is_dropped(empty: Any) -> None:
    assert folded(FIRST, ("system", empty), "U") == [("user", "U")]


def test_a_user_turn_without_text_gets_the_text_alone() -> None:
    assert folded(FIRST, ("system", "S"), ("user", None)) == [("user", "S")]


@pytest.mark.parametrize("unsound", [3, {"a": 1}, True])
def test_a_message_of_no_known_form_is_left_to_the_server(unsound: Any) -> None:
    body = chat(("system", unsound), "U")
    assert apply(FIRST, body).body is body


def test_without_a_system_message_nothing_changes() -> None:
    body = chat("U")
    assert apply(FIRST, body).body is body


def test_it_does_not_act_on_text_completions() -> None:
    applied = apply(FIRST, {"model": "m", "prompt": "Once"}, "completions")
    assert applied.decision.outcomes[0].result == "skipped"


@pytest.mark.parametrize("into", ["first_user", "last_user"])
def test_a_conversation_of_thousands_of_turns_is_folded_in_order(into: str) -> None:
    messages = [(role, f"{role} {n}") for n in range(20_000) for role in ("system", "user")]

    (message,) = apply({"kind": "fold_system", "into": into}, chat(*messages)).body["messages"]

    told = message["content"].split("\n\n")
    assert sorted(told) == sorted(content for _, content in messages)
    assert [text for text in told if text.startswith("user")] == [content for role, content in messages[1::2]]
    assert into == "last_user" or told == [content for _, content in messages]
