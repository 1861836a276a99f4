"""Responses: the view of a request."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy.wire import request_view
from tests.support import apply

FOLD = {"kind": "fold_system"}
SUFFIX = {"kind": "append_suffix", "text": "Step by step."}
OPEN = {"kind": "force_opening", "text": "<think>\n"}
STRIP = {"kind": "strip_reasoning"}
CALL = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
RESULT = {"type": "function_call_output", "call_id": "c", "output": "3"}
REASONING = {"type": "reasoning", "id": "rs", "summary": [], "content": [{"type": "reasoning_text", "text": "Hm."}]}


def said(role: str, text: str, **keys: Any) -> dict[str, Any]:
    return {"role": role, "content": text, **keys}


def sent(rule: dict[str, Any], **body: Any) -> dict[str, Any]:
    applied = apply(rule, body, "responses")
    assert apply(rule, applied.body, "responses").body is applied.body  # applied to its own output
    return applied.body


def test_a_text_stays_a_text() -> None:
    assert sent(SUFFIX, input="Hi") == {"input": "Hi\nStep by step."}


def test_instructions_are_folded_into_the_input() -> None:
    assert sent(FOLD, instructions="Be brief.", input="Hi") == {"input": "Be brief.\n\nHi"}


def test_instructions_and_developer_items_are_folded_in_order() -> None:
    body = sent(FOLD, instructions="One.", input=[said("developer", "Two."), said("user", "Hi", id="u")])

    assert body == {"input": [said("user", "One.\n\nTwo.\n\nHi", id="u")]}


def test_parts_keep_their_images() -> None:
    image = {"type": "input_image", "image_url": "data:x"}
    parts = [{"type": "input_text", "text": "Hi"}, image]

    body = sent(FOLD, instructions="Be brief.", input=[{"type": "message", "role": "user", "content": parts}])

    assert body["input"][0]["content"] == [{"type": "input_text", "text": "Be brief.\n\nHi"}, image]


def test_calls_and_their_results_stay_equal_and_in_place() -> None:
    items = [said("user", "Hi"), REASONING, CALL, RESULT]

    body = sent(SUFFIX, input=items)

    assert body["input"] == [said("user", "Hi\nStep by step."), REASONING, CALL, RESULT]
    assert body["input"][1] is REASONING


def test_other_rules_leave_instructions_alone() -> None:
    assert sent(SUFFIX, instructions="Be brief.", input="Hi")["instructions"] == "Be brief."


def test_a_prefill_is_an_assistants_message_in_progress() -> None:
    body = sent(OPEN, input="Hi")

    assert body["input"][0] == said("user", "Hi")
    opening = body["input"][1]
    assert (opening["role"], opening["status"], opening["content"][0]["text"]) == (
        "assistant",
        "in_progress",
        "<think>\n",
    )
    assert "continue_final_message" not in body


def test_old_thoughts_go_unless_a_call_depends_on_them() -> None:
    answer = {
        "type": "message",
        "role": "assistant",
        "content": [{"type": "output_text", "text": "<think>x</think>Hello"}],
    }
    items = [said("user", "Hi"), REASONING, answer, said("user", "And?"), REASONING, CALL, RESULT]

    body = sent(STRIP, input=items)

    texts = [{"type": "output_text", "text": "Hello"}]
    assert body["input"] == [said("user", "Hi"), {**answer, "content": texts}, said("user", "And?"), *items[4:]]


@pytest.mark.parametrize(
    ("parameters", "wanted"), [({}, {"max_output_tokens": 9}), ({"max_output_tokens": 99}, {"max_output_tokens": 10})]
)
def test_the_token_limit_has_the_endpoints_name(parameters: dict[str, int], wanted: dict[str, int]) -> None:
    rule = {"kind": "clamp", "parameters": {"max_tokens": {"max": 10, "default": 9}}}

    assert sent(rule, input="Hi", **parameters) == {"input": "Hi", **wanted}


@pytest.mark.parametrize(
    ("body", "json_mode", "logprobs", "thinks"),
    [
        ({}, False, False, True),
        ({"text": {"format": {"type": "text"}}}, False, False, True),
        ({"text": {"format": {"type": "json_schema"}}}, True, False, True),
        ({"include": ["message.output_text.logprobs"]}, False, True, True),
        ({"top_logprobs": 2}, False, True, True),
        ({"reasoning": {"effort": "none"}}, False, False, False),
    ],
)
def test_what_the_request_asks_for(body: dict[str, Any], json_mode: bool, logprobs: bool, thinks: bool) -> None:
    view = request_view({"input": "Hi", **body}, "responses")

    assert (view.json_mode, view.wants_logprobs, view.thinks) == (json_mode, logprobs, thinks)


@pytest.mark.parametrize("given", [None, 3, [], [3, {"type": "odd"}, {"role": "user"}]])
def test_an_input_of_another_form_is_left_to_the_server(given: Any) -> None:
    body = {"input": given, "instructions": "Be brief."}

    assert apply(SUFFIX, body, "responses").body is body
