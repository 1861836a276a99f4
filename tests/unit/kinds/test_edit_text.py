"""EditText: text that matches a pattern is removed or replaced."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from prompt_policy.wire import Endpoint
from tests.support.policies import apply, chat, policy_of

HEADER = {"kind": "edit_text", "matches": "^x-billing: .*", "whole_line": True}
TIME = {"kind": "edit_text", "after": r"\d{4}-\d{2}-\d{2}", "matches": r"[T ]\d{2}:\d{2}Z?"}
DIGITS = {"kind": "edit_text", "matches": r"\d+", "with": "N"}


def edit(rule: dict[str, Any], *messages: Any) -> list[Any]:
    return [
        message.get("content") if isinstance(message, dict) else message
        for message in apply(rule, chat(*messages)).body["messages"]
    ]


@pytest.mark.parametrize(
    ("rule", "text", "edited"),
    [
        (HEADER, "x-billing: 1\nBe brief.", "Be brief."),
        (HEADER, "Be brief.\nx-billing: 1\n\nBye", "Be brief.\n\nBye"),
        (HEADER, "Be brief.\nx-billing: 1", "Be brief."),
        (HEADER, "x-billing: 1\nx-billing: 2\nBe brief.", "Be brief."),
        (HEADER, "Write x-billing: 1", "Write x-billing: 1"),
        ({**HEADER, "with": "x-billing"}, "x-billing: 1\nBe brief.", "x-billing\nBe brief."),
        (TIME, "It is 2026-11-30T10:51Z.", "It is 2026-11-30."),
        (TIME, "At 10:51Z", "At 10:51Z"),
        (DIGITS, "12 and 345", "N and N"),
        ({**DIGITS, "with": ""}, "12 and 345", " and "),
        ({**DIGITS, "matches": "(?i)abc"}, "xABCy", "xNy"),
    ],
)
def test_the_text_of_a_match_is_edited(rule: dict[str, Any], text: str, edited: str) -> None:
    assert edit(rule, ("system", text), "Hi 1") == [edited, "Hi 1"]


@pytest.mark.parametrize(
    ("roles", "contents"),
    [
        ("system", ["N", "2", "3", "4"]),
        ("user", ["1", "N", "3", "N"]),
        (["system", "assistant"], ["N", "2", "N", "4"]),
    ],
)
def test_only_the_messages_of_the_roles_are_edited(roles: Any, contents: list[str]) -> None:
    assert edit({**DIGITS, "in": roles}, ("developer", "1"), "2", ("assistant", "3"), "4") == contents


def test_a_removal_that_forms_a_new_match_is_repeated() -> None:
    assert edit({"kind": "edit_text", "matches": "ab"}, ("system", "aaabbb!"), "Hi") == ["!", "Hi"]


def test_a_text_that_keeps_matching_is_left_unchanged() -> None:
    body = chat(("system", "a" * 40 + "b" * 40), "Hi")
    applied = apply({"kind": "edit_text", "matches": "ab"}, body)
    assert applied.body is body
    (outcome,) = applied.decision.outcomes
    assert (outcome.result, outcome.reason) == ("skipped", "the edited text still matches the pattern")


@pytest.mark.parametrize("content", ["x-billing: 1", [{"type": "text", "text": "x-billing: 1"}]])
def test_an_empty_message_is_removed_only_from_the_system_prompt(content: Any) -> None:
    both = {**HEADER, "in": ["system", "user"]}
    assert edit(both, ("system", content), "Hi") == ["Hi"]
    assert edit(both, ("system", "Be brief."), {"role": "user", "content": content}) == ["Be brief.", content]
    assert edit(both, ("system", content)) == [content]


def test_parts_keep_their_keys_and_empty_ones_are_removed() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    cached = {"type": "text", "text": "Be brief.\nx-billing: 2", "cache_control": {"type": "ephemeral"}}
    parts = [{"type": "text", "text": "x-billing: 1"}, image, "x-billing: 3\nS", cached, None]
    assert edit(HEADER, ("system", parts), "Hi") == [[image, "S", {**cached, "text": "Be brief."}, None], "Hi"]


@pytest.mark.parametrize(
    "message",
    [
        {"role": "assistant", "content": [{"type": "text", "text": "1", "annotations": [{"start_index": 0}]}]},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "1", "signature": "s"}]},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}], "reasoning": "1"},
        {"role": "tool", "tool_call_id": "1", "content": "1"},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "1"}]},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://a/1"}}]},
        {"role": "user", "content": 1},
        {"role": 1, "content": "1"},
        None,
    ],
)
def test_anything_but_text_stays(message: Any) -> None:
    body = {"model": "m", "messages": [message, {"role": "user", "content": "Hi"}]}
    assert apply({**DIGITS, "in": ["system", "user", "assistant"]}, body).body is body


def test_the_beginning_of_a_prefilled_answer_stays() -> None:
    assert edit({**DIGITS, "in": "assistant"}, "Hi", ("assistant", "1"), "Hi", ("assistant", "2")) == [
        "Hi", "N", "Hi", "2",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("endpoint", "body", "edited"),
    [
        ("responses", {"instructions": "x-billing: 1\nS", "input": "Hi"}, {"instructions": "S", "input": "Hi"}),
        ("responses", {"instructions": "x-billing: 1", "input": "Hi"}, {"input": "Hi"}),
        (
            "responses",
            {"input": [{"role": "developer", "content": "x-billing: 1\nS"}, {"role": "user", "content": "Hi"}]},
            {"input": [{"role": "developer", "content": "S"}, {"role": "user", "content": "Hi"}]},
        ),
        (
            "messages",
            {"system": "x-billing: 1\nS", "messages": [{"role": "user", "content": "Hi"}]},
            {"system": "S", "messages": [{"role": "user", "content": "Hi"}]},
        ),
    ],
)
def test_every_form_of_a_system_prompt_is_edited(
    endpoint: Endpoint, body: dict[str, Any], edited: dict[str, Any]
) -> None:
    assert apply(HEADER, body, endpoint).body == edited


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({"matches": "a*"}, "empty text"),
        ({"matches": "a(?=b)"}, "look-around"),
        ({"matches": "a", "with": "bab"}, "`with` matches"),
        ({"matches": "a", "in": "tool"}, "system"),
        ({"matches": "a", "in": []}, "at least 1"),
        ({"matches": "^a", "after": "b"}, "anchor between"),
    ],
)
def test_unusable_rules_are_rejected(keys: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        policy_of({"kind": "edit_text", **keys})
