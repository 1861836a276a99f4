"""A request reaches a maker's template in the form in which an engine passes it on."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.maker_templates import prepare_message, render_maker_template

CALL = {"id": "c1", "type": "function", "function": {"name": "clock", "arguments": '{"zone": "UTC"}'}}


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
def test_reasoning_and_arguments_of_a_client_are_rendered(field: str) -> None:
    messages = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": None, field: "I ask.", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "c1", "content": "12:00"},
    ]
    prompt = render_maker_template("Qwen3.5-4B", {"model": "x", "messages": messages, "temperature": 1})
    assert "<think>\nI ask.\n</think>" in prompt
    assert "UTC" in prompt.partition("zone")[2]


def test_a_refusal_is_returned_as_text() -> None:
    body = {"messages": [{"role": "user", "content": "Hi"}, {"role": "system", "content": "Late."}]}
    assert render_maker_template("Qwen3.5-4B", body) == "refused: System message must be at the beginning."


@pytest.mark.parametrize(
    ("reads_parts", "content", "prepared"),
    [
        (False, [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "a\nb"),
        (True, [{"type": "text", "text": "a"}], [{"type": "text", "text": "a"}]),
        (False, None, ""),
        (True, "a", "a"),
    ],
)
def test_content_is_prepared_for_the_template(reads_parts: bool, content: Any, prepared: Any) -> None:
    assert prepare_message({"role": "user", "content": content}, reads_parts)["content"] == prepared


def test_an_empty_list_of_calls_is_removed() -> None:
    assert "tool_calls" not in prepare_message({"role": "assistant", "content": "a", "tool_calls": []}, parts=False)
