"""StripReasoning: reasoning of earlier turns is not sent back."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy import Pipeline, Policy, load_paths
from tests.support.policies import apply, chat, probe_findings

RULE = {"kind": "strip_reasoning"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<think>\nHm.\n</think>\n\nBlue.", "Blue."),
        ("<think></think>Blue.", "Blue."),
        ("\n <think>Hm.</think>Blue.", "Blue."),
        ('<think internal="true">Hm.</think>\nBlue.', "Blue."),
        ("Hm.\n</think>\r\n \n  Blue.", "  Blue."),
        ("<think>a</think>\n\n<think>b</think>\nBlue.", "Blue."),
        ("<think>never closed", ""),
    ],
)
def test_reasoning_at_the_start_is_removed_with_its_newlines(before: str, after: str) -> None:
    sent = apply(RULE, chat("U", ("assistant", before), "V")).body
    assert sent["messages"][1]["content"] == after
    assert apply(RULE, sent).body is sent


@pytest.mark.parametrize(
    "text",
    [
        "Blue.",
        "Use <think> to open and </think> to close.",
        "The tag `</think>` closes reasoning.",
        "Text, then <think>x</think> in the middle.",
        "Use this:\n```python\nanswer = text.split('</think>')[-1]\n```\nIt keeps the answer only.",
        "The template ends the block with </think> and then answers. It is one token.",
        "",
    ],
)
def test_a_tag_within_a_text_is_text(text: str) -> None:
    body = chat("U", ("assistant", text), "V")
    assert apply(RULE, body).body is body


FIELDS = {
    "reasoning": "Hm.",
    "reasoning_content": "Hm.",
    "thinking_blocks": [{"type": "thinking", "thinking": "Hm.", "signature": "s"}],
    "reasoning_details": [{"type": "reasoning.text", "text": "Hm."}],
}


@pytest.mark.parametrize("field", FIELDS)
def test_reasoning_fields_are_removed(field: str) -> None:
    turn = {"role": "assistant", "content": "Blue.", field: FIELDS[field]}
    assert apply(RULE, chat("U", turn, "V")).body["messages"][1] == {"role": "assistant", "content": "Blue."}
    assert field in turn


def test_reasoning_in_the_first_text_part_is_removed() -> None:
    parts = [{"type": "text", "text": "<think>Hm.</think>\nBlue."}, {"type": "text", "text": "Green."}]
    sent = apply(RULE, chat("U", ("assistant", parts), "V")).body["messages"][1]["content"]
    assert sent == [{"type": "text", "text": "Blue."}, parts[1]]


@pytest.mark.parametrize("last", [("assistant", "<think>\n"), ("assistant", "<think>a</think>So")])
def test_a_prefilled_answer_is_not_changed(last: Any) -> None:
    body = chat("U", last, continue_final_message=True)
    assert apply(RULE, body).body is body


def test_user_and_tool_turns_are_not_changed() -> None:
    body = chat("<think>x</think>U", {"role": "tool", "tool_call_id": "1", "content": "<think>x</think>"}, "V")
    assert apply(RULE, body).body is body


def test_the_tags_can_be_configured() -> None:
    rule = {**RULE, "open": "<thought>", "close": "</thought>"}
    sent = apply(rule, chat("U", ("assistant", "<thought>Hm.</thought>\n\nBlue."), "V")).body
    assert sent["messages"][1]["content"] == "Blue."


def test_tool_calls_without_content_are_not_changed() -> None:
    body = chat("U", {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}, "V")
    assert apply(RULE, body).body is body


RESULT = {"role": "tool", "tool_call_id": "c1", "content": "rain 60%"}
TOOL_CALLS = [{"id": "c1", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}]
TOOL_RESPONSE = {"role": "user", "content": "<tool_response>\nrain 60%\n</tool_response>"}


def call_turn(**keys: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": "", "tool_calls": TOOL_CALLS, **keys}


# The running tool loops of langchain-ai/langchain#34166, NousResearch/hermes-agent#56004, QwenLM/Qwen3.8#26
# and huggingface/chat-ui#2470. Some clients omit the tools in the request that returns the results.
@pytest.mark.parametrize("keys", [{"tools": [{"type": "function"}]}, {}], ids=["tools", "no-tools"])
@pytest.mark.parametrize(
    "result",
    [RESULT, {"role": "function", "name": "get_weather", "content": "rain"}, TOOL_RESPONSE],
    ids=["tool", "function", "tool-response"],
)
@pytest.mark.parametrize(
    "call",
    [
        *[call_turn(**{field: value}) for field, value in FIELDS.items()],
        call_turn(content="<think>\nHm.\n</think>\n\n"),
        call_turn(content=[{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "<think>a</think>b"}]),
        {"role": "assistant", "content": "", "function_call": {"name": "f", "arguments": "{}"}, "reasoning": "Hm."},
        {"role": "assistant", "content": "<think>a</think>b"},
    ],
    ids=[*FIELDS, "inline", "parts", "function-call", "no-call"],
)
def test_a_running_tool_loop_keeps_its_reasoning(
    call: dict[str, Any], result: dict[str, Any], keys: dict[str, Any]
) -> None:
    earlier = {"role": "assistant", "content": "Blue.", "reasoning": "Hm."}
    body = chat("U", earlier, "V", call, result, call, result, **keys)

    sent = apply(RULE, body).body["messages"]

    assert sent == [*body["messages"][:1], {"role": "assistant", "content": "Blue."}, *body["messages"][2:]]


SHIPPED = [policy for policy in load_paths([]).policies if any(rule.kind == "strip_reasoning" for rule in policy.rules)]


@pytest.mark.parametrize("policy", SHIPPED, ids=lambda policy: policy.name)
def test_shipped_policies_keep_the_reasoning_of_a_running_tool_loop(policy: Policy) -> None:
    call = call_turn(reasoning_content="I must call get_weather first.")
    answer = {"role": "assistant", "content": "Blue.", "reasoning": "Hm."}
    body = chat("U", answer, "Weather?", call, RESULT, tools=[{"type": "function"}])

    sent = Pipeline(policy).apply(body, "chat").body["messages"]

    assert sent == [body["messages"][0], {"role": "assistant", "content": "Blue."}, *body["messages"][2:]]


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
def test_a_finished_tool_loop_loses_its_plain_reasoning(field: str) -> None:
    sent = apply(RULE, chat("U", call_turn(**{field: "Hm."}), RESULT, ("assistant", "60%"), "V")).body
    assert sent["messages"][1] == call_turn()


@pytest.mark.parametrize("field", ["thinking_blocks", "reasoning_details"])
def test_a_tool_call_keeps_its_structured_reasoning(field: str) -> None:
    call = call_turn(**{field: FIELDS[field], "reasoning_content": "Hm."})
    body = chat("U", call, RESULT, ("assistant", "60%"), "V")
    assert apply(RULE, body).body is body


def test_empty_structured_reasoning_is_removed_with_the_plain_fields() -> None:
    sent = apply(RULE, chat("U", call_turn(thinking_blocks=[], reasoning="Hm."), RESULT, "V")).body
    assert sent["messages"][1] == call_turn()


def test_without_a_user_message_nothing_is_removed() -> None:
    body = chat(("system", "S"), ("assistant", "<think>a</think>b"), RESULT)
    assert apply(RULE, body).body is body


def test_scope_all_includes_the_running_tool_loop() -> None:
    rule = {**RULE, "scope": "all"}
    sent = apply(rule, chat("U", call_turn(reasoning="Hm.", content="<think>a</think>b"), RESULT)).body
    assert sent["messages"][1] == call_turn(content="b")
    assert apply(rule, sent).body is sent


def test_scope_all_keeps_the_beginning_of_the_answer() -> None:
    body = chat("U", ("assistant", "<think>a</think>So"), continue_final_message=True)
    assert apply({**RULE, "scope": "all"}, body).body is body


REASONING = {"type": "reasoning", "id": "r", "summary": []}
CALL = {"type": "function_call", "call_id": "1", "name": "f", "arguments": "{}"}


@pytest.mark.parametrize(("after", "kept"), [(CALL, 2), ({"role": "user", "content": "x"}, 0)])
def test_adjacent_reasoning_items_are_treated_alike(after: dict[str, Any], kept: int) -> None:
    body = {"input": [REASONING, REASONING, after, {"role": "user", "content": "V"}]}
    once = apply(RULE, body, "responses").body

    assert once["input"].count(REASONING) == kept
    assert apply(RULE, once, "responses").body is once


def test_a_message_of_type_reasoning_is_not_an_item() -> None:
    body = chat({"role": "user", "type": "reasoning", "content": "U"}, "V")

    assert apply(RULE, body).body is body


def test_a_template_that_strips_reasoning_is_reported() -> None:
    assert probe_findings(RULE, drops_earlier_reasoning=True) == [
        ("not needed: the template already strips earlier reasoning", False)
    ]
    assert probe_findings(RULE) == []


CALL_TYPES = [
    "function_call",
    "custom_tool_call",
    "mcp_call",
    "web_search_call",
    "code_interpreter_call",
    "computer_call",
    "local_shell_call",
    "file_search_call",
    "image_generation_call",
    "mcp_approval_request",
    "item_reference",
]


@pytest.mark.parametrize("scope", ["earlier_turns", "all"])
@pytest.mark.parametrize("type_", CALL_TYPES)
def test_a_call_of_any_type_keeps_its_reasoning_item(type_: str, scope: str) -> None:
    preamble = {"type": "message", "role": "assistant", "content": "I search."}
    user = {"role": "user", "content": "V"}
    calls = [{"type": type_, "id": "c"}, {"type": type_, "id": "d"}]
    body = {"input": [user, REASONING, calls[0], REASONING, preamble, calls[1], user]}
    assert apply({**RULE, "scope": scope}, body, "responses").body is body


def test_the_reasoning_item_of_an_answer_is_removed() -> None:
    user, answer = {"role": "user", "content": "V"}, {"type": "message", "role": "assistant", "content": "Blue."}
    result = {"type": "custom_tool_call_output", "call_id": "c", "output": "x"}
    call = {"type": "custom_tool_call", "call_id": "c"}
    items = [user, REASONING, call, result, REASONING, answer, user, REASONING, answer]

    sent = apply(RULE, {"input": items}, "responses").body["input"]

    assert sent == [user, REASONING, call, result, answer, user, REASONING, answer]


THINKING = {"type": "thinking", "thinking": "Hm.", "signature": "s"}
ANSWER = {"role": "assistant", "content": [THINKING, {"type": "text", "text": "Blue."}]}


@pytest.mark.parametrize("type_", ["tool_use", "server_tool_use", "mcp_tool_use"])
def test_a_turn_of_messages_that_uses_a_tool_keeps_its_thinking(type_: str) -> None:
    turn = {"role": "assistant", "content": [THINKING, {"type": type_, "id": "t"}]}
    body = {"messages": [{"role": "user", "content": "U"}, turn, {"role": "user", "content": "V"}]}
    assert apply(RULE, body, "messages").body is body


@pytest.mark.parametrize(
    ("more", "is_user"), [([], False), ([{"type": "text", "text": "And?"}], True), ([{"type": "image"}], True)]
)
def test_a_user_turn_of_tool_results_is_not_a_user_message(more: list[Any], is_user: bool) -> None:
    result = {"type": "tool_result", "tool_use_id": "t", "content": "3"}
    body = {"messages": [{"role": "user", "content": "U"}, ANSWER, {"role": "user", "content": [result, *more]}]}
    sent = apply(RULE, body, "messages").body
    assert sent["messages"][1]["content"] == ANSWER["content"][is_user:]
