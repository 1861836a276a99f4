"""LiteLLM's streams end early: each choice with its finish reason, and the provider's stream with the last of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from litellm.types.utils import Delta, ModelResponseStream, StreamingChoices, Usage

from prompt_policy import Pipeline
from prompt_policy.litellm.deployments.resolver import DeploymentResolver
from prompt_policy.litellm.endings import LiteLLMChunkEnding, close_stream
from prompt_policy.litellm.state import RequestState
from prompt_policy.litellm.streams import rewrite_stream
from prompt_policy.wire.endings import create_ending
from tests.support.end_after import EndAfter
from tests.support.looping_app import LINE, build_message_event
from tests.support.policies import chat, policy_of
from tests.unit.litellm.test_answers import build_chunk, join_content

SOON = {"kind": "stop_repetition", "min_chars": 100, "min_repeats": 3}
TIDY = {"kind": "filter_whitespace", "max_blank_lines": 1}


def create_chunk_ending(limit: int, choices: int = 1) -> LiteLLMChunkEnding:
    ending = create_ending("chat", EndAfter(limit), choices)
    assert ending is not None
    return LiteLLMChunkEnding(ending)


def feed_all(ending: LiteLLMChunkEnding, *chunks: Any) -> list[Any]:
    return [out for chunk in chunks for out in ending.feed(chunk)]


def read_reasons(chunks: list[Any], index: int = 0) -> list[str]:
    choices = [choice for chunk in chunks for choice in chunk.choices if choice.index == index]
    return [choice.finish_reason for choice in choices if choice.finish_reason]


def test_chunk_before_the_end_is_the_same_object() -> None:
    chunk = build_chunk(content="Hello")
    assert feed_all(create_chunk_ending(8), chunk)[0] is chunk


@pytest.mark.parametrize("name", ["content", "reasoning_content"])
def test_choice_ends_within_a_chunk_and_later_chunks_are_dropped(name: str) -> None:
    text: dict[str, Any] = {name: "Hello"}
    first = build_chunk(role="assistant", **text)
    second = build_chunk(**text, tool_calls=[{"index": 0, "function": {"name": "f", "arguments": ""}}])
    out = feed_all(create_chunk_ending(8), first, second, build_chunk(content="late"), build_chunk(finish="length"))
    assert [getattr(chunk.choices[0].delta, name, None) for chunk in out] == ["Hello", "Hel", None]
    assert not out[1].choices[0].delta.tool_calls
    assert read_reasons(out) == ["stop"]
    assert all(type(chunk) is ModelResponseStream and chunk.id == second.id for chunk in out[1:])
    assert second.choices[0].delta[name] == "Hello", "the provider's chunk is not changed"


def test_usage_of_the_chunk_that_is_cut_is_not_repeated() -> None:
    chunk = build_chunk(content="Hello Hello")
    chunk.usage = Usage(prompt_tokens=1, completion_tokens=2)
    assert [getattr(out, "usage", None) for out in feed_all(create_chunk_ending(8), chunk)] == [None, None]


def test_other_choice_goes_on() -> None:
    both = ModelResponseStream(
        choices=[StreamingChoices(index=index, delta=Delta(content="Hello Hello")) for index in (0, 1)]
    )
    ending = create_chunk_ending(8, choices=3)
    out = feed_all(ending, build_chunk(1, content="H"), both, build_chunk(2, content="Hi"), build_chunk(0, content="x"))
    assert [join_content(out, index) for index in range(3)] == ["Hello He", "HHello H", "Hi"]
    assert [read_reasons(out, index) for index in range(3)] == [["stop"], ["stop"], []]


class FakeProviderStream:
    """A provider's stream without end, and whether it was closed."""

    def __init__(self, *items: Any) -> None:
        self.items = items
        self.sent = 0
        self.is_closed = False

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        assert not self.is_closed
        assert self.sent < 10_000
        self.sent += 1
        return self.items[self.sent % len(self.items)]

    async def aclose(self) -> None:
        """Close the connection."""
        self.is_closed = True


def create_state(*rules: dict[str, Any], **keys: Any) -> RequestState:
    state = RequestState(DeploymentResolver.__new__(DeploymentResolver))
    state.applied = Pipeline(policy_of(*rules)).apply(chat("Hi", stream=True, **keys), "chat")
    return state


@pytest.mark.parametrize("rules", [[SOON], [SOON, TIDY], [TIDY, SOON]])
async def test_stream_of_chunks_ends_and_is_closed(rules: list[dict[str, Any]]) -> None:
    items = FakeProviderStream(build_chunk(content=LINE))
    out = [chunk async for chunk in rewrite_stream(items, create_state(*rules))]
    assert items.is_closed
    assert items.sent == 128 // len(LINE) + 1
    assert join_content(out).strip() == (LINE * 9)[:128].strip()
    assert read_reasons(out) == ["stop"]


async def test_stream_of_messages_ends_and_is_closed() -> None:
    items = FakeProviderStream(build_message_event(LINE))
    out = [piece async for piece in rewrite_stream(items, create_state(SOON))]
    assert items.is_closed
    assert out[-1].endswith(b'{"type":"message_stop"}\n\n')


async def test_stream_ends_with_its_last_choice() -> None:
    items = FakeProviderStream(build_chunk(0, content=LINE), build_chunk(1, content=LINE))
    out = [chunk async for chunk in rewrite_stream(items, create_state(SOON, n=2))]
    assert items.is_closed
    assert [read_reasons(out, index) for index in (0, 1)] == [["stop"], ["stop"]]


async def test_audited_rule_does_not_end_the_stream() -> None:
    async def stream() -> AsyncIterator[Any]:
        for _ in range(50):
            yield build_chunk(content=LINE)

    out = [chunk async for chunk in rewrite_stream(stream(), create_state({**SOON, "mode": "audit"}))]
    assert join_content(out) == LINE * 50


class FakeLogging:
    """LiteLLM's logging object, which needs a whole request to exist; it keeps the answers that it logs."""

    def __init__(self, *, fails: bool = False) -> None:
        self.answers: list[Any] = []
        self.fails = fails

    async def async_success_handler(self, answer: Any) -> None:
        """Log an answer."""
        if self.fails:
            raise ValueError("a callback fails")
        self.answers.append(answer)


def create_recording_stream() -> FakeProviderStream:
    """Return a stream that keeps its chunks, as LiteLLM's wrapper does."""
    items = FakeProviderStream(build_chunk(content=LINE))
    items.__dict__["chunks"] = [build_chunk(content=LINE), build_chunk(content=LINE)]
    return items


async def test_part_of_the_answer_that_arrived_is_logged() -> None:
    items, logging_obj = create_recording_stream(), FakeLogging()
    await close_stream(items, logging_obj)
    assert items.is_closed
    assert [answer.choices[0].message.content for answer in logging_obj.answers] == [LINE * 2]


async def test_callback_that_fails_does_not_reach_the_client(caplog: pytest.LogCaptureFixture) -> None:
    await close_stream(create_recording_stream(), FakeLogging(fails=True))
    assert "LiteLLM cannot log an ended answer: ValueError" in caplog.text


async def test_stream_without_chunks_is_closed_and_not_logged() -> None:
    items, logging_obj = FakeProviderStream(), FakeLogging()
    await close_stream(items, logging_obj)
    assert (items.is_closed, logging_obj.answers) == (True, [])
