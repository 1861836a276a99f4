"""StripReasoning: old thoughts are not sent back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import apply, chat

RULE = {"kind": "strip_reasoning"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<think>\nHm.\n</think>\n\nBlue.", "Blue."),
        ("<think></think>Blue.", "Blue."),
        ("\n <think>Hm.</think>Blue.", "Blue."),
        ("Hm.\n</think>\r\n \n  Blue.", "  Blue."),
        ("<think>a</think>\n\n<think>b</think>\nBlue.", "Blue."),
        ("a</think>b</think>Blue.", "Blue."),
        ("<think>never closed", ""),
        ("<think>a `</think>` in a thought closes it", "` in a thought closes it"),
    ],
)
def test_thoughts_at_the_front_go_with_the_newlines_after_them(before: str, after: str) -> None:
    sent = apply(RULE, chat("U", ("assistant", before), "V")).body
    assert sent["messages"][1]["content"] == after


@pytest.mark.parametrize(
    "text",
    [
        "Blue.",
        "Use <think> to open and </think> to close.",
        "The tag `</think>` closes a thought.",
        "Text, then <think>x</think> in the middle.",
        "",
    ],
)
def test_a_tag_in_mid_text_is_text(text: str) -> None:
    body = chat("U", ("assistant", text), "V")
    assert apply(RULE, body).body is body


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content", "thinking_blocks"])
def test_fields_with_reasoning_go(field: str) -> None:
    turn = {"role": "assistant", "content": "Blue.", field: "Hm."}
    assert apply(RULE, chat("U", turn, "V")).body["messages"][1] == {"role": "assistant", "content": "Blue."}
    assert field in turn


def test_the_first_text_part_is_stripped() -> None:
    parts = [{"type": "text", "text": "<think>Hm.</think>\nBlue."}, {"type": "text", "text": "Green."}]
    sent = apply(RULE, chat("U", ("assistant", parts), "V")).body["messages"][1]["content"]
    assert sent == [{"type": "text", "text": "Blue."}, parts[1]]


@pytest.mark.parametrize("last", [("assistant", "<think>\n"), ("assistant", "<think>a</think>So")])
def test_the_final_continued_message_stays(last: Any) -> None:
    body = chat("U", last, continue_final_message=True)
    assert apply(RULE, body).body is body


def test_user_and_tool_turns_stay() -> None:
    body = chat("<think>x</think>U", {"role": "tool", "tool_call_id": "1", "content": "<think>x</think>"}, "V")
    assert apply(RULE, body).body is body


def test_other_tags_can_be_named() -> None:
    rule = {**RULE, "open": "<thought>", "close": "</thought>"}
    sent = apply(rule, chat("U", ("assistant", "<thought>Hm.</thought>\n\nBlue."), "V")).body
    assert sent["messages"][1]["content"] == "Blue."


def test_tool_calls_without_content_stay() -> None:
    body = chat("U", {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}, "V")
    assert apply(RULE, body).body is body


THOUGHT = {"type": "reasoning", "id": "r", "summary": []}
CALL = {"type": "function_call", "call_id": "1", "name": "f", "arguments": "{}"}


@pytest.mark.parametrize(("after", "kept"), [(CALL, 2), ({"role": "user", "content": "x"}, 0)])
def test_thoughts_in_a_row_go_or_stay_together(after: dict[str, Any], kept: int) -> None:
    body = {"input": [THOUGHT, THOUGHT, after, {"role": "user", "content": "V"}]}
    once = apply(RULE, body, "responses").body

    assert once["input"].count(THOUGHT) == kept
    assert apply(RULE, once, "responses").body is once


def test_a_message_is_no_item_whatever_its_type() -> None:
    body = chat({"role": "user", "type": "reasoning", "content": "U"}, "V")

    assert apply(RULE, body).body is body
