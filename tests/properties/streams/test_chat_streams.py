"""Law 8 on chat completions: a rewritten stream has the shape of the original one, on every host."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litellm.types.utils import ModelResponseStream

from prompt_policy.litellm.answers import LiteLLMChunkRewriter
from prompt_policy.wire.answers.chat_message import rewrite_completion
from prompt_policy.wire.answers.chat_stream import ChatChunkRewriter
from tests.properties.streams.generate_chat import ChatStream, build_chat_stream
from tests.properties.streams.laws import Event, is_subsequence, rewrite_bytes, rewrite_events
from tests.properties.streams.read_chat import join_texts, list_kinds_of_choice, list_other_values, list_pieces
from tests.properties.streams.texts import FilterMaker, choose_policy

SEEDS = st.integers(0, 2**40)


def check_shape(original: list[Event], out: list[Event]) -> None:
    """Assert that nothing but text differs, and that reasoning, content, tool calls and ends keep their order."""
    for index in {choice["index"] for event in original for choice in event["choices"]}:
        assert is_subsequence(list_kinds_of_choice(out, index), list_kinds_of_choice(original, index))
    assert list_other_values(out) == list_other_values(original)


def rewrite_joined(stream: ChatStream, policy: FilterMaker) -> dict[tuple[int, str], str]:
    """Return the texts of the answer as it is rewritten if it is not streamed."""
    texts = join_texts(stream.events)
    rewritten = {}
    for index in {index for index, _ in texts}:
        message = {channel: texts[index, channel] for channel in ("reasoning", "content") if (index, channel) in texts}
        if stream.style.repeats_reasoning and "reasoning" in message:
            message["reasoning_details"] = [{"text": message["reasoning"]}]  # type: ignore[assignment]  # JSON
        answer = rewrite_completion({"choices": [{"message": message}]}, policy.create())
        for channel, text in list_pieces(answer["choices"][0]["message"]):
            rewritten[index, channel] = text
    return {key: text for key, text in rewritten.items() if text}


def is_interleaved(stream: ChatStream) -> bool:
    """Return whether a text continues after something else.

    The whole answer then differs from the stream: in a stream, a blank line cannot be removed once its beginning had
    to be emitted, and an opening is restored before content that reasoning follows.
    """
    indexes = {choice["index"] for event in stream.events for choice in event["choices"]}
    kinds = [list_kinds_of_choice(stream.events, index) for index in indexes]
    return any(
        len(set(texts)) < len(texts) or (texts[:1] == ["content"] and len(texts) > 1)
        for texts in ([kind for kind in each if kind in ("reasoning", "content")] for each in kinds)
    )


@given(seed=SEEDS)
def test_chat_stream_keeps_its_shape(seed: int) -> None:
    rng = random.Random(seed)
    policy, content_seed = choose_policy(rng), rng.random()
    stream = build_chat_stream(random.Random(content_seed), rng)
    before = json.dumps(stream.events)
    out = [event for events in rewrite_events(ChatChunkRewriter(policy.create()), stream.events) for event in events]

    assert json.dumps(stream.events) == before, "the input is not changed"
    check_shape(stream.events, out)
    texts = join_texts(out)
    if not is_interleaved(stream):
        assert texts == rewrite_joined(stream, policy)
    again = build_chat_stream(random.Random(content_seed), random.Random(seed + 1))
    recut = [event for events in rewrite_events(ChatChunkRewriter(policy.create()), again.events) for event in events]
    assert join_texts(recut) == texts
    assert rewrite_bytes(policy.create(), "chat", stream.events, rng) == out


@given(seed=SEEDS)
def test_chat_stream_that_breaks_off_keeps_its_shape(seed: int) -> None:
    rng = random.Random(seed)
    policy = choose_policy(rng)
    stream = build_chat_stream(rng, rng)
    events = stream.events[: rng.randrange(len(stream.events) + 1)]
    out = [event for each in rewrite_events(ChatChunkRewriter(policy.create()), events) for event in each]
    check_shape(events, out)


def dump_chunks(chunks: Iterable[Any]) -> list[Event]:
    return [chunk.model_dump(exclude_none=True) for chunk in chunks]


@given(seed=SEEDS)
def test_litellm_chat_stream_keeps_its_shape(seed: int) -> None:
    rng = random.Random(seed)
    policy = choose_policy(rng)
    stream = build_chat_stream(rng, rng)
    if stream.style.content is list:
        return  # LiteLLM converts lists of parts before the callback
    chunks = [ModelResponseStream(**event) for event in stream.events]
    original = [_add_finish(event) for event in dump_chunks(chunks)]
    rewriter = LiteLLMChunkRewriter(policy.create())
    emitted = [out for chunk in chunks for out in rewriter.feed(chunk)] + [*rewriter.flush()]
    out = [_add_finish(event) for event in dump_chunks(emitted)]

    assert [_add_finish(event) for event in dump_chunks(chunks)] == original, "the input is not changed"
    check_shape(original, out)
    expected = ChatChunkRewriter(policy.create())
    assert join_texts(out) == join_texts(
        [event for events in rewrite_events(expected, stream.events) for event in events]
    )


def _add_finish(event: Event) -> Event:
    return {**event, "choices": [{"finish_reason": None, **choice} for choice in event["choices"]]}


@pytest.mark.parametrize("fault", ["late", "lost", "moved"])
def test_the_laws_find_faults(fault: str) -> None:
    def chunk(delta: Event, finish: str | None = None, **extra: Any) -> Event:
        return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish, **extra}]}

    original = [chunk({"reasoning": "a\n"}), chunk({"content": "b"}, token_ids=[1]), chunk({}, "stop")]
    broken = {
        "late": [chunk({"reasoning": "a"}), *original[1:], chunk({"reasoning": "\n"})],
        "lost": [original[0], chunk({"content": "b"}), original[2]],
        "moved": [original[1], original[0], original[2]],
    }
    check_shape(original, original)
    with pytest.raises(AssertionError):
        check_shape(original, broken[fault])
