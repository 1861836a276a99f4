"""Plans of changed deltas, and what may be dropped."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy.wire.answers.deltas import DeltaRewriter, holds_only_choices, is_droppable, select_identity
from tests.support.upper_filter import UpperFilter, choice, chunk


@pytest.mark.parametrize("keys", [("reasoning",), ("reasoning_content",), ("reasoning", "reasoning_content")])
def test_buffered_reasoning_has_the_keys_that_the_server_sends(keys: tuple[str, ...]) -> None:
    deltas = DeltaRewriter(UpperFilter())
    deltas.plan(0, dict.fromkeys(keys, "a!"), finishes=False)
    assert deltas.plan(0, {"content": "b"}, finishes=False) == ([dict.fromkeys(keys, "!")], {"content": "B"})


def test_reasoning_is_changed_and_added_in_its_copy_among_the_providers_fields() -> None:
    deltas = DeltaRewriter(UpperFilter())
    copied = {"reasoning_content": "a!", "provider_specific_fields": {"reasoning_content": "a!", "other": 1}}
    changed = {"reasoning_content": "A", "provider_specific_fields": {"reasoning_content": "A", "other": 1}}
    assert deltas.plan(0, copied, finishes=False) == ([], changed)
    rest = {"reasoning_content": "!", "provider_specific_fields": {"reasoning_content": "!"}}
    assert deltas.plan(0, {"content": "b"}, finishes=False) == ([rest], {"content": "B"})


def test_buffered_reasoning_has_the_form_of_a_list_if_the_server_sends_lists() -> None:
    deltas = DeltaRewriter(UpperFilter())
    part = {"type": "thinking", "thinking": [{"type": "text", "text": "a!"}]}
    deltas.plan(0, {"content": [part]}, finishes=False)
    before, changed = deltas.plan(0, {"content": "b"}, finishes=False)
    assert before == [{"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "!"}]}]}]
    assert changed == {"content": "B"}


@pytest.mark.parametrize("end", [{"tool_calls": [{"index": 0}]}, {"function_call": {"name": "f"}}])
def test_buffered_text_precedes_a_tool_call(end: dict[str, Any]) -> None:
    deltas = DeltaRewriter(UpperFilter())
    deltas.plan(0, {"reasoning": "a!", "content": ""}, finishes=False)
    assert deltas.plan(0, end, finishes=False) == ([{"reasoning": "!"}], {})
    deltas.plan(0, {"content": "a!"}, finishes=False)
    assert deltas.plan(0, end | {"content": ""}, finishes=False) == ([{"content": "!"}], {})


def test_the_last_text_holds_what_is_buffered() -> None:
    deltas = DeltaRewriter(UpperFilter())
    assert deltas.plan(0, {"content": "a!"}, finishes=True) == ([], {"content": "A!"})
    assert deltas.plan(0, {"content": "a!"}, finishes=False) == ([], {"content": "A"})
    assert deltas.plan(0, {}, finishes=True) == ([{"content": "!"}], {})
    assert deltas.flush(0) == []


def test_reasoning_with_a_copy_stays_from_then_on() -> None:
    deltas = DeltaRewriter(UpperFilter())
    copied = {"reasoning": "b!", "reasoning_details": [{"text": "b!"}]}
    assert deltas.plan(0, {"reasoning": "a!"}, finishes=False) == ([], {"reasoning": "A"})
    assert deltas.plan(0, copied, finishes=False) == ([{"reasoning": "!"}], {})
    assert deltas.plan(0, {"reasoning": "c!"}, finishes=False) == ([], {})
    assert deltas.plan(0, {"content": "d"}, finishes=True) == ([], {"content": "D"})


@pytest.mark.parametrize(
    ("choice_fields", "delta", "droppable"),
    [
        ({"index": 0}, {"content": "x"}, True),
        ({"index": 0, "finish_reason": None, "logprobs": None}, {"content": "x", "tool_calls": [], "role": ""}, True),
        ({"index": 0, "finish_reason": "stop"}, {"content": "x"}, False),
        ({"index": 0, "token_ids": [2]}, {"content": "x"}, False),
        ({"index": 0, "content_filter_results": {"hate": {}}}, {"content": "x"}, False),
        ({"index": 0}, {"content": "x", "role": "assistant"}, False),
        ({"index": 0}, {"content": "x", "annotations": [{}]}, False),
        ({"index": 0}, {"content": "x", "reasoning_details": [{}]}, False),
        ({"index": 0}, {"content": "x", "reasoning": "a"}, False),
        ({"index": 0}, {"content": "x", "unknown": 0}, False),
    ],
)
def test_choice_is_droppable_only_if_nothing_is_left(
    choice_fields: dict[str, Any], delta: dict[str, Any], droppable: bool
) -> None:
    assert is_droppable({**choice_fields, "delta": delta}, delta, {"content": ""}) is droppable
    assert not is_droppable({**choice_fields, "delta": delta}, delta, {"content": "y"})


def test_fields_that_identify_a_stream_do_not_count() -> None:
    plain = chunk(choice({}), created=1, model="m", usage=None, system_fingerprint="f", citations=[])
    assert holds_only_choices(plain)
    assert not holds_only_choices(plain | {"citations": ["https://example.org"]})
    assert not holds_only_choices(plain | {"usage": {"total_tokens": 1}})
    assert select_identity(plain) == {"id": "1", "created": 1, "model": "m", "system_fingerprint": "f"}
