"""Anthropic's Messages: the view of a request."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy.wire import request_view
from tests.support import apply

FOLD = {"kind": "fold_system"}
SUFFIX = {"kind": "append_suffix", "text": "Step by step."}
STRIP = {"kind": "strip_reasoning"}
CACHED = {"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}
USE = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "t", "content": "3"}
THOUGHT = {"type": "thinking", "thinking": "Hm.", "signature": "s"}


def said(role: str, content: Any) -> dict[str, Any]:
    return {"role": role, "content": content}


def sent(rule: dict[str, Any], *messages: Any, **body: Any) -> dict[str, Any]:
    applied = apply(rule, {"messages": list(messages), **body}, "messages")
    assert apply(rule, applied.body, "messages").body is applied.body  # applied to its own output
    return applied.body


def test_a_system_text_is_folded_into_the_first_user_turn() -> None:
    assert sent(FOLD, said("user", "Hi"), system="Be brief.") == {"messages": [said("user", "Be brief.\n\nHi")]}


def test_system_blocks_keep_their_order() -> None:
    more = {"type": "text", "text": "And kind."}

    body = sent(FOLD, said("user", [{"type": "text", "text": "Hi"}]), system=[CACHED, more])

    assert "system" not in body
    content = body["messages"][0]["content"]
    assert [block["text"] for block in content] == ["Be brief.", "And kind.\n\nHi"]
    assert content[0] == CACHED


def test_tool_results_are_no_user_turn() -> None:
    turns = [said("user", "Hi"), said("assistant", [USE]), said("user", [RESULT])]

    assert sent(SUFFIX, *turns)["messages"] == [said("user", "Hi\nStep by step."), *turns[1:]]


def test_a_text_beside_a_tool_result_gets_the_suffix() -> None:
    text = {"type": "text", "text": "And?"}

    content = sent(SUFFIX, said("user", [RESULT, text]))["messages"][0]["content"]

    assert content == [RESULT, {"type": "text", "text": "And?\nStep by step."}]


def test_thinking_goes_unless_the_turn_uses_a_tool() -> None:
    text = {"type": "text", "text": "Hello"}
    turns = [said("user", "Hi"), said("assistant", [THOUGHT, text]), said("user", "And?")]
    uses = [said("assistant", [THOUGHT, USE]), said("user", [RESULT])]

    body = sent(STRIP, *turns, *uses)

    assert body["messages"] == [turns[0], said("assistant", [text]), turns[2], *uses]


def test_a_turn_of_nothing_but_thinking_stays() -> None:
    turns = [said("user", "Hi"), said("assistant", [THOUGHT]), said("user", "And?")]

    assert sent(STRIP, *turns)["messages"] == turns


def test_a_prefill_is_skipped_with_the_reason() -> None:
    body = {"messages": [said("user", "Hi")]}
    applied = apply({"kind": "force_opening", "text": "<think>\n"}, body, "messages")

    assert applied.body is body
    assert [(o.result, o.reason) for o in applied.decision.outcomes] == [
        ("skipped", "messages cannot be continued there")
    ]


def test_an_instruction_is_given_in_its_place() -> None:
    rule = {"kind": "force_opening", "text": "<think>", "method": "instruct", "instruction": "Begin with <think>."}

    assert sent(rule, said("user", "Hi"))["messages"] == [said("user", "Hi\nBegin with <think>.")]


@pytest.mark.parametrize(
    ("body", "json_mode", "thinks"),
    [
        ({}, False, True),
        ({"output_config": {"format": {"type": "json_schema"}}}, True, True),
        ({"output_format": {"type": "json_schema"}}, True, True),
        ({"thinking": {"type": "disabled"}}, False, False),
    ],
)
def test_what_the_request_asks_for(body: dict[str, Any], json_mode: bool, thinks: bool) -> None:
    view = request_view({"messages": [said("user", "Hi")], **body}, "messages")

    assert (view.json_mode, view.thinks) == (json_mode, thinks)


@pytest.mark.parametrize("messages", [None, 3, [], [3, {"role": "user"}]])
def test_messages_of_another_form_are_left_to_the_server(messages: Any) -> None:
    body = {"messages": messages, "system": "Be brief."}

    assert apply(SUFFIX, body, "messages").body is body
