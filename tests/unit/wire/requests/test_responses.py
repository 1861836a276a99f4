"""Responses: the view of a request."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy.wire import create_request
from tests.support.policies import apply

FOLD = {"kind": "fold_system"}
SUFFIX = {"kind": "append_suffix", "text": "Step by step."}
OPEN = {"kind": "force_opening", "text": "<think>\n"}
STRIP = {"kind": "strip_reasoning"}
CALL = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
RESULT = {"type": "function_call_output", "call_id": "c", "output": "3"}
REASONING = {"type": "reasoning", "id": "rs", "summary": [], "content": [{"type": "reasoning_text", "text": "Hm."}]}


def message(role: str, text: str, **keys: Any) -> dict[str, Any]:
    return {"role": role, "content": text, **keys}


def apply_rule(rule: dict[str, Any], **body: Any) -> dict[str, Any]:
    applied = apply(rule, body, "responses")
    assert apply(rule, applied.body, "responses").body is applied.body  # applied to its own output
    return applied.body


def test_string_input_stays_a_string() -> None:
    assert apply_rule(SUFFIX, input="Hi") == {"input": "Hi\nStep by step."}


def test_instructions_are_folded_into_the_input() -> None:
    assert apply_rule(FOLD, instructions="Be brief.", input="Hi") == {"input": "Be brief.\n\nHi"}


def test_instructions_and_developer_items_are_folded_in_order() -> None:
    body = apply_rule(FOLD, instructions="One.", input=[message("developer", "Two."), message("user", "Hi", id="u")])

    assert body == {"input": [message("user", "One.\n\nTwo.\n\nHi", id="u")]}


def test_images_are_kept() -> None:
    image = {"type": "input_image", "image_url": "data:x"}
    parts = [{"type": "input_text", "text": "Hi"}, image]

    body = apply_rule(FOLD, instructions="Be brief.", input=[{"type": "message", "role": "user", "content": parts}])

    assert body["input"][0]["content"] == [{"type": "input_text", "text": "Be brief.\n\nHi"}, image]


def test_calls_and_their_results_are_kept_in_place() -> None:
    items = [message("user", "Hi"), REASONING, CALL, RESULT]

    body = apply_rule(SUFFIX, input=items)

    assert body["input"] == [message("user", "Hi\nStep by step."), REASONING, CALL, RESULT]
    assert body["input"][1] is REASONING


def test_other_rules_keep_instructions() -> None:
    assert apply_rule(SUFFIX, instructions="Be brief.", input="Hi")["instructions"] == "Be brief."


def test_prefill_is_an_assistant_message_in_progress() -> None:
    body = apply_rule(OPEN, input="Hi")

    assert body["input"][0] == message("user", "Hi")
    opening = body["input"][1]
    assert (opening["role"], opening["status"], opening["content"][0]["text"]) == (
        "assistant",
        "in_progress",
        "<think>\n",
    )
    assert "continue_final_message" not in body


def test_earlier_reasoning_is_stripped_unless_a_call_needs_it() -> None:
    answer = {
        "type": "message",
        "role": "assistant",
        "content": [{"type": "output_text", "text": "<think>x</think>Hello"}],
    }
    items = [message("user", "Hi"), REASONING, answer, message("user", "And?"), REASONING, CALL, RESULT]

    body = apply_rule(STRIP, input=items)

    texts = [{"type": "output_text", "text": "Hello"}]
    assert body["input"] == [message("user", "Hi"), {**answer, "content": texts}, message("user", "And?"), *items[4:]]


@pytest.mark.parametrize(
    ("parameters", "wanted"), [({}, {"max_output_tokens": 9}), ({"max_output_tokens": 99}, {"max_output_tokens": 10})]
)
def test_token_limit_uses_the_name_of_the_endpoint(parameters: dict[str, int], wanted: dict[str, int]) -> None:
    rule = {"kind": "clamp", "parameters": {"max_tokens": {"max": 10, "default": 9}}}

    assert apply_rule(rule, input="Hi", **parameters) == {"input": "Hi", **wanted}


@pytest.mark.parametrize(
    ("body", "json_mode", "token_data", "thinking_enabled"),
    [
        ({}, False, "", True),
        ({"text": {"format": {"type": "text"}}}, False, "", True),
        ({"text": {"format": {"type": "json_schema"}}}, True, "", True),
        ({"include": ["message.output_text.logprobs"]}, False, "logprobs", True),
        ({"top_logprobs": 2}, False, "logprobs", True),
        ({"reasoning": {"effort": "none"}}, False, "", False),
    ],
)
def test_properties_of_a_request(
    body: dict[str, Any], json_mode: bool, token_data: str, thinking_enabled: bool
) -> None:
    view = create_request({"input": "Hi", **body}, "responses")

    assert (view.json_mode, view.token_data, view.thinking_enabled) == (json_mode, token_data, thinking_enabled)


@pytest.mark.parametrize("given", [None, 3, [], [3, {"type": "odd"}, {"role": "user"}]])
def test_malformed_input_is_left_unchanged(given: Any) -> None:
    body = {"input": given, "instructions": "Be brief."}

    assert apply(SUFFIX, body, "responses").body is body


STORED = pytest.mark.parametrize("stored", [{"previous_response_id": "r"}, {"conversation": {"id": "c"}}])


@STORED
@pytest.mark.parametrize("into", ["first_user", "last_user", "next_user"])
def test_instructions_are_not_folded_again_after_stored_turns(stored: dict[str, Any], into: str) -> None:
    body = apply_rule({**FOLD, "into": into}, instructions="Be brief.", input=[RESULT], **stored)

    assert body == {"input": [RESULT], **stored}


@STORED
def test_items_after_stored_turns_are_folded_without_the_instructions(stored: dict[str, Any]) -> None:
    items = [RESULT, message("developer", "Hurry.")]

    body = apply_rule(FOLD, instructions="Be brief.", input=items, **stored)

    assert body["input"] == [RESULT, message("user", "Hurry.")]
    assert "instructions" not in body


@STORED
def test_instructions_are_folded_into_a_new_user_turn(stored: dict[str, Any]) -> None:
    assert apply_rule(FOLD, instructions="Be brief.", input="Hi", **stored) == {"input": "Be brief.\n\nHi", **stored}


@STORED
@pytest.mark.parametrize("rule", [{**FOLD, "which": "later"}, {**FOLD, "into": "first_system"}])
def test_instructions_that_stay_are_sent_with_every_request(stored: dict[str, Any], rule: dict[str, Any]) -> None:
    body = {"instructions": "Be brief.", "input": [RESULT], **stored}

    assert apply(rule, body, "responses").body is body


@STORED
def test_item_after_stored_turns_is_a_later_message(stored: dict[str, Any]) -> None:
    later = {**FOLD, "which": "later"}
    items = [message("developer", "Hurry."), message("user", "Hi")]

    assert apply_rule(later, input=items, **stored)["input"] == [message("user", "Hurry.\n\nHi")]
    assert apply_rule(later, input=items)["input"] == [message("system", "Hurry."), message("user", "Hi")]


@pytest.mark.parametrize(
    "empty", [{"previous_response_id": None}, {"conversation": None}, {"previous_response_id": ""}]
)
def test_null_refers_to_no_stored_turns(empty: dict[str, Any]) -> None:
    body = apply_rule(FOLD, instructions="Be brief.", input=[RESULT], **empty)

    assert body["input"] == [RESULT, message("user", "Be brief.")]


def test_the_first_system_message_after_stored_turns_is_the_instructions() -> None:
    rule = {**FOLD, "into": "first_system"}
    items = [message("developer", "Hurry."), message("user", "Hi")]

    body = apply_rule(rule, input=items, previous_response_id="r")

    assert (body["instructions"], body["input"]) == ("Hurry.", [message("user", "Hi")])


def test_changes_name_the_fields_that_changed() -> None:
    def changed(**body: Any) -> str:
        return apply(FOLD, body, "responses").decision.headers()["x-prompt-policy-changed"]

    assert changed(instructions="Be brief.", input="Hi") == "instructions,input"
    assert changed(instructions="Be brief.", input=[RESULT], previous_response_id="r") == "instructions"
    assert changed(input=[message("system", "Be brief."), message("user", "Hi")]) == "input"


@pytest.mark.parametrize("kind", ["function_call_output", "custom_tool_call_output", "local_shell_call_output"])
def test_text_is_placed_after_results_of_every_type(kind: str) -> None:
    call, result = {"type": kind.removesuffix("_output"), "call_id": "c"}, {"type": kind, "call_id": "c", "output": "3"}

    body = apply_rule(FOLD, input=[call, message("developer", "Hurry."), result])

    assert body["input"] == [call, result, message("user", "Hurry.")]


def test_instructions_of_an_empty_input_are_left_unchanged() -> None:
    body = apply_rule(OPEN, input=[], instructions="Be brief.")

    assert body["instructions"] == "Be brief."
