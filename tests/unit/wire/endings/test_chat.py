"""A streamed chat answer ends choice by choice, as if the server had ended it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_policy.wire.endings.chat import ChatEnding, count_choices
from tests.support.end_after import EndAfter

IDENTITY = {"id": "c-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}


def chunk(delta: dict[str, Any], finish_reason: str | None = None, index: int = 0, **keys: Any) -> dict[str, Any]:
    return {**IDENTITY, "choices": [{"index": index, "delta": delta, "finish_reason": finish_reason, **keys}]}


def say(text: str, index: int = 0) -> dict[str, Any]:
    return chunk({"content": text}, index=index)


def feed_all(ending: ChatEnding, *chunks: dict[str, Any]) -> list[dict[str, Any]]:
    return [out for each in chunks for out in ending.feed(each)]


def join(chunks: list[dict[str, Any]]) -> dict[int, tuple[str, list[str]]]:
    """Return the content and the finish reasons of each choice."""
    joined: dict[int, tuple[str, list[str]]] = {}
    for choice in (choice for each in chunks for choice in each["choices"]):
        text, reasons = joined.get(choice["index"], ("", []))
        text += choice["delta"].get("content") or ""
        joined[choice["index"]] = text, [*reasons, *filter(None, [choice["finish_reason"]])]
    return joined


def test_chunk_passes_as_the_same_object_before_the_end() -> None:
    ending, first = ChatEnding(EndAfter(10)), say("Hello")
    (passed,) = ending.feed(first)
    assert passed is first
    assert not ending.is_finished


def test_choice_ends_within_a_chunk_and_the_rest_is_dropped() -> None:
    ending = ChatEnding(EndAfter(8))
    out = feed_all(ending, chunk({"role": "assistant", "content": ""}), say("Hello"), say("Hello"), say("Hello"))
    assert join(out) == {0: ("HelloHel", ["stop"])}
    assert out[-1] == {
        **IDENTITY, "choices": [{"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"}]
    }  # fmt: skip
    assert ending.is_finished
    assert ending.feed({**IDENTITY, "choices": [], "usage": {"total_tokens": 9}}) == []


@given(st.text("ab", min_size=1, max_size=40), st.lists(st.integers(0, 12)))
def test_end_does_not_depend_on_the_cuts(text: str, sizes: list[int]) -> None:
    pieces, start = [], 0
    for size in sizes:
        pieces.append(text[start : start + size])
        start += size
    pieces.append(text[start:])
    cut = feed_all(ChatEnding(EndAfter(20)), *map(say, pieces), chunk({}, "length"))
    expected = (text[:20], ["stop" if len(text) >= 20 else "length"])
    assert join(cut) == {0: expected}


def test_end_in_the_servers_last_chunk_of_a_choice_is_a_stop() -> None:
    out = feed_all(ChatEnding(EndAfter(8)), chunk({"content": "HelloHello"}, "length"))
    assert join(out) == {0: ("HelloHel", ["stop"])}


@pytest.mark.parametrize("key", ["reasoning", "reasoning_content"])
def test_reasoning_that_ends_takes_the_content_after_it_along(key: str) -> None:
    delta = {key: "abcdef", "content": "Hi", "tool_calls": [{"index": 0}], "reasoning_details": [{"text": "abcdef"}]}
    first, last = feed_all(ChatEnding(EndAfter(4)), chunk(delta, logprobs={"content": [1, 2]}, token_ids=[1, 2]))
    assert first["choices"] == [{"index": 0, "delta": {key: "abcd"}, "finish_reason": None}]
    assert last["choices"][0]["finish_reason"] == "stop"


def test_reasoning_under_both_names_is_counted_once_and_cut_under_both() -> None:
    first, _last = feed_all(ChatEnding(EndAfter(4)), chunk({"reasoning": "abcdef", "reasoning_content": "abcdef"}))
    assert first["choices"][0]["delta"] == {"reasoning": "abcd", "reasoning_content": "abcd"}


def test_reasoning_before_the_content_that_ends_is_kept() -> None:
    first, _last = feed_all(ChatEnding(EndAfter(4, ("content",))), chunk({"reasoning": "abcdef", "content": "Hello"}))
    assert first["choices"][0]["delta"] == {"reasoning": "abcdef", "content": "Hell"}


def test_content_as_a_list_of_parts_is_cut() -> None:
    parts = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "abc"}]},
        {"type": "text", "text": "Hel"},
        {"type": "text", "text": "lo"},
    ]
    first, _last = feed_all(ChatEnding(EndAfter(4, ("content",))), chunk({"content": parts}))
    assert first["choices"][0]["delta"] == {"content": [*parts[:2], {"type": "text", "text": "l"}]}
    first, _last = feed_all(ChatEnding(EndAfter(2, ("reasoning",))), chunk({"content": parts}))
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "ab"}]}
    assert first["choices"][0]["delta"] == {"content": [thinking]}


def test_other_choices_go_on_until_all_have_ended() -> None:
    ending = ChatEnding(EndAfter(8), choices=3)
    out = feed_all(ending, say("Hello", 0), say("Hi", 1), say("HelloHello", 0), say("more", 0), say("Hi", 1))
    assert join(out) == {0: ("HelloHel", ["stop"]), 1: ("HiHi", [])}
    assert not ending.is_finished

    both = {**IDENTITY, "choices": [*say("x", 0)["choices"], *chunk({}, "length", 1)["choices"]]}
    assert join(feed_all(ending, both)) == {1: ("", ["length"])}
    assert not ending.is_finished

    assert join(feed_all(ending, say("a" * 9, 2))) == {2: ("a" * 8, ["stop"])}
    assert ending.is_finished


def test_answer_is_finished_when_the_server_ends_the_last_other_choice() -> None:
    ending = ChatEnding(EndAfter(8), choices=2)
    feed_all(ending, say("HelloHello", 0), say("Hi", 1))
    assert not ending.is_finished
    assert join(feed_all(ending, chunk({}, "stop", 1))) == {1: ("", ["stop"])}
    assert ending.is_finished


def test_answer_that_the_server_ends_is_not_finished_by_the_guard() -> None:
    ending, usage = ChatEnding(EndAfter(80)), {**IDENTITY, "choices": [], "usage": {"total_tokens": 9}}
    chunks = [say("Hello"), chunk({}, "stop"), usage]
    assert all(out is each for out, each in zip(feed_all(ending, *chunks), chunks, strict=True))
    assert not ending.is_finished


def test_text_completion_ends_in_its_own_form() -> None:
    identity = {**IDENTITY, "object": "text_completion"}
    ending = ChatEnding(EndAfter(4))
    out = ending.feed({**identity, "choices": [{"index": 0, "text": "Hello", "finish_reason": None}]})
    assert out == [
        {**identity, "choices": [{"index": 0, "text": "Hell", "finish_reason": None}]},
        {**identity, "choices": [{"index": 0, "text": "", "logprobs": None, "finish_reason": "stop"}]},
    ]


@pytest.mark.parametrize(
    "foreign",
    [
        {"error": {"message": "x"}},
        {"choices": None},
        {"choices": [None, 3, "x"]},
        {"choices": [{"index": 0, "delta": None}, {"delta": {"content": 3, "reasoning": ["x"]}}]},
        {"choices": [{"index": None, "delta": {"content": [None, {"type": "text", "text": 3}, {"text": "x"}]}}]},
    ],
)
def test_other_chunk_passes(foreign: dict[str, Any]) -> None:
    (passed,) = ChatEnding(EndAfter(4)).feed(foreign)
    assert passed is foreign


def test_text_that_was_found_to_end_the_choice_is_not_counted_twice() -> None:
    ending = ChatEnding(EndAfter(8))
    assert ending.can_pass(0, "content", "Hello")
    assert not ending.can_pass(0, "content", "Hello")
    assert join(ending.feed(say("Hello"))) == {0: ("Hel", ["stop"])}
    assert not ending.can_pass(0, "content", "Hello")


@pytest.mark.parametrize(
    ("body", "number"),
    [
        ({}, 1),
        ({"n": 3}, 3),
        ({"n": None}, 1),
        ({"n": 0}, 1),
        ({"n": "2"}, 1),
        ({"prompt": "x", "n": 2}, 2),
        ({"prompt": ["x", "y"], "n": 2}, 4),
        ({"prompt": [1, 2, 3]}, 1),
        ({"prompt": [[1, 2], [3]]}, 2),
        ({"prompt": []}, 1),
    ],
)
def test_choices_are_counted(body: dict[str, Any], number: int) -> None:
    assert count_choices(body) == number
