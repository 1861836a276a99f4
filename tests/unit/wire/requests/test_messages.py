"""Anthropic's Messages: the view of a request."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy.wire import create_request
from tests.support.policies import apply

FOLD = {"kind": "fold_system"}
SUFFIX = {"kind": "append_suffix", "text": "Step by step."}
STRIP = {"kind": "strip_reasoning"}
CACHED = {"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}
USE = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "t", "content": "3"}
THOUGHT = {"type": "thinking", "thinking": "Hm.", "signature": "s"}


def message(role: str, content: Any) -> dict[str, Any]:
    return {"role": role, "content": content}


def apply_rule(rule: dict[str, Any], *messages: Any, **body: Any) -> dict[str, Any]:
    applied = apply(rule, {"messages": list(messages), **body}, "messages")
    assert apply(rule, applied.body, "messages").body is applied.body  # applied to its own output
    return applied.body


def test_system_text_is_folded_into_the_first_user_turn() -> None:
    assert apply_rule(FOLD, message("user", "Hi"), system="Be brief.") == {
        "messages": [message("user", "Be brief.\n\nHi")]
    }


def test_system_blocks_keep_their_order() -> None:
    more = {"type": "text", "text": "And kind."}

    body = apply_rule(FOLD, message("user", [{"type": "text", "text": "Hi"}]), system=[CACHED, more])

    assert "system" not in body
    content = body["messages"][0]["content"]
    assert [block["text"] for block in content] == ["Be brief.", "And kind.\n\nHi"]
    assert content[0] == CACHED


def test_tool_results_are_not_a_user_turn() -> None:
    turns = [message("user", "Hi"), message("assistant", [USE]), message("user", [RESULT])]

    assert apply_rule(SUFFIX, *turns)["messages"] == [message("user", "Hi\nStep by step."), *turns[1:]]


def test_text_beside_a_tool_result_gets_the_suffix() -> None:
    text = {"type": "text", "text": "And?"}

    content = apply_rule(SUFFIX, message("user", [RESULT, text]))["messages"][0]["content"]

    assert content == [RESULT, {"type": "text", "text": "And?\nStep by step."}]


def test_thinking_is_stripped_unless_the_turn_uses_a_tool() -> None:
    text = {"type": "text", "text": "Hello"}
    turns = [message("user", "Hi"), message("assistant", [THOUGHT, text]), message("user", "And?")]
    uses = [message("assistant", [THOUGHT, USE]), message("user", [RESULT])]

    body = apply_rule(STRIP, *turns, *uses)

    assert body["messages"] == [turns[0], message("assistant", [text]), turns[2], *uses]


def test_turn_with_only_thinking_is_kept() -> None:
    turns = [message("user", "Hi"), message("assistant", [THOUGHT]), message("user", "And?")]

    assert apply_rule(STRIP, *turns)["messages"] == turns


def test_prefill_is_skipped_with_a_reason() -> None:
    body = {"messages": [message("user", "Hi")]}
    applied = apply({"kind": "force_opening", "text": "<think>\n"}, body, "messages")

    assert applied.body is body
    assert [(o.result, o.reason) for o in applied.decision.outcomes] == [
        ("skipped", "the endpoint cannot continue a prefill")
    ]


def test_instruction_replaces_the_prefill() -> None:
    rule = {"kind": "force_opening", "text": "<think>", "method": "instruct", "instruction": "Begin with <think>."}

    assert apply_rule(rule, message("user", "Hi"))["messages"] == [message("user", "Hi\nBegin with <think>.")]


@pytest.mark.parametrize(
    ("body", "json_mode", "thinking_enabled"),
    [
        ({}, False, True),
        ({"output_config": {"format": {"type": "json_schema"}}}, True, True),
        ({"output_format": {"type": "json_schema"}}, True, True),
        ({"thinking": {"type": "disabled"}}, False, False),
    ],
)
def test_properties_of_a_request(body: dict[str, Any], json_mode: bool, thinking_enabled: bool) -> None:
    view = create_request({"messages": [message("user", "Hi")], **body}, "messages")

    assert (view.json_mode, view.thinking_enabled) == (json_mode, thinking_enabled)


@pytest.mark.parametrize("messages", [None, 3, [], [3, {"role": "user"}]])
def test_malformed_messages_are_left_unchanged(messages: Any) -> None:
    body = {"messages": messages, "system": "Be brief."}

    assert apply(SUFFIX, body, "messages").body is body


@pytest.mark.parametrize("into", ["first_user", "last_user", "next_user"])
def test_folded_text_follows_the_tool_results_of_its_turn(into: str) -> None:
    text = {"type": "text", "text": "And?"}

    body = apply_rule({**FOLD, "into": into}, message("user", [RESULT, text]), system=[CACHED])

    assert body["messages"] == [message("user", [RESULT, {**CACHED, "text": "Be brief.\n\nAnd?"}])]


def test_first_system_message_becomes_the_field() -> None:
    turns = [message("user", "Hi"), message("system", "Be brief.")]

    body = apply_rule({**FOLD, "into": "first_system"}, *turns)

    assert body == {"system": "Be brief.", "messages": turns[:1]}


def test_malformed_field_is_left_to_the_server() -> None:
    assert apply_rule(SUFFIX, message("user", "Hi"), system={"a": 1})["system"] == {"a": 1}


def test_changes_name_the_fields_that_changed() -> None:
    applied = apply(FOLD, {"system": "Be brief.", "messages": [message("user", "Hi")]}, "messages")

    assert applied.decision.headers()["x-prompt-policy-changed"] == "system,messages"
