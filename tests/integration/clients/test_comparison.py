"""The comparison allows what a policy is to change, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.clients.comparison import build_actual, build_expected
from tests.integration.clients.runs import Case, Outcome

Events = list[dict[str, Any]]
CHAT = Case("openai_node", "chat", "qwen3", stream=True, scenario="newlines")
TOOLS = Case("anthropic_python", "messages", "qwen3", stream=True, scenario="tools")
USAGE = {"type": "usage", "usage": {"total_tokens": 12}}
ANSWER = {"type": "message", "value": {"role": "assistant", "content": "\n\nBlue.\n"}}
PLAIN: Events = [
    {"type": "reasoning", "block": "r", "delta": "Hm."},
    {"type": "reasoning", "block": "r", "delta": "\n"},
    {"type": "content", "block": "c", "delta": "\n\n"},
    {"type": "content", "block": "c", "delta": "Blue.\n"},
    USAGE,
    ANSWER,
]
CLEANED: Events = [
    {"type": "reasoning", "block": "r", "delta": "Hm.\n"},
    {"type": "content", "block": "c", "delta": "Blue."},
    {"type": "content", "block": "c", "delta": "\n"},
    USAGE,
    {"type": "message", "value": {"role": "assistant", "content": "Blue.\n"}},
]
START, STOP = {"type": "start", "block": "t"}, {"type": "stop", "block": "t"}
CALL: dict[str, Any] = {"type": "call", "block": "u", "input": {"city": "Paris"}}


def is_same(case: Case, plain: Events, enforced: Events, turns: tuple[str, str] = ("", "")) -> bool:
    user = {"role": "user", "content": "Hi"}
    requests = [{"messages": [user, {"role": "assistant", "content": turn}]} for turn in turns]
    expected = build_expected("asgi", case, Outcome(plain, requests[:1]))
    return build_actual(Outcome(enforced, requests[1:])) == expected


def test_cleaned_text_in_other_pieces_is_the_same() -> None:
    assert is_same(CHAT, PLAIN, CLEANED)
    assert is_same(CHAT, PLAIN, CLEANED, ("\n\nBlue.\n", "Blue.\n"))


@pytest.mark.parametrize(
    "enforced",
    [
        [CLEANED[0], *CLEANED[1:4], CLEANED[2], CLEANED[4]],
        [CLEANED[1], CLEANED[0], *CLEANED[2:]],
        [*CLEANED[:3], CLEANED[4]],
        [*CLEANED[:3], {"type": "usage", "usage": {"total_tokens": 11}}, CLEANED[4]],
        [{"type": "reasoning", "block": "r", "delta": "Hm."}, *CLEANED[1:]],
        [*CLEANED[:4], ANSWER],
        [*CLEANED, {"type": "error", "name": "TypeError"}],
    ],
    ids=["text after usage", "content first", "no usage", "other usage", "text lost", "text not cleaned", "an error"],
)
def test_difference_is_found(enforced: Events) -> None:
    assert not is_same(CHAT, PLAIN, enforced)


def test_difference_in_the_stored_history_is_found() -> None:
    assert not is_same(CHAT, PLAIN, CLEANED, ("\n\nBlue.\n", "Blue.<think>\n\n</think>"))


def test_block_of_blank_text_is_removed_and_must_not_stay_empty() -> None:
    plain: Events = [START, {"type": "text", "block": "t", "delta": "\n\n"}, STOP, CALL]

    assert is_same(TOOLS, plain, [CALL])
    assert not is_same(TOOLS, plain, [START, STOP, CALL])
    assert not is_same(TOOLS, plain, [])


def test_no_change_is_allowed_for_a_policy_that_cleans_nothing() -> None:
    case = Case("openai_node", "chat", "gpt-oss", stream=True, scenario="newlines")

    assert is_same(case, PLAIN, PLAIN)
    assert not is_same(case, PLAIN, CLEANED)


def test_opening_is_expected_where_the_policy_sends_it() -> None:
    case = Case("openai_node", "chat", "r1", stream=True, scenario="plain")
    plain = [{"type": "content", "block": "c", "delta": "Blue."}]

    assert is_same(case, plain, [{"type": "content", "block": "c", "delta": "<think>\nBlue."}])
    assert not is_same(case, plain, plain)
