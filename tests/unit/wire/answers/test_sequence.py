"""The order of reasoning and content."""

from __future__ import annotations

import pytest

from prompt_policy.wire.answers.chat import Channel
from prompt_policy.wire.answers.sequence import ChannelSequence
from tests.support.upper_filter import UpperFilter


def test_the_rest_of_a_channel_precedes_the_other_channel() -> None:
    sequence = ChannelSequence(UpperFilter())
    assert sequence.feed(0, "reasoning", "a!") == ("", "A")
    assert sequence.feed(0, "content", " ") == ("", "")  # nothing is emitted, so nothing ends
    assert sequence.feed(0, "content", "b!") == ("!", "B")
    assert sequence.feed(0, "reasoning", "c") == ("!", "C")


def test_choices_have_an_order_of_their_own() -> None:
    sequence = ChannelSequence(UpperFilter())
    sequence.feed(0, "reasoning", "a!")
    assert sequence.feed(1, "content", "b") == ("", "B")
    assert (sequence.is_open(0, "reasoning"), sequence.is_open(0, "content")) == (True, False)


def test_preserved_reasoning_is_neither_changed_nor_repeated() -> None:
    sequence = ChannelSequence(UpperFilter())
    assert sequence.feed(0, "reasoning", "a!") == ("", "A")
    assert sequence.preserve_reasoning(0) == "!"
    assert sequence.feed(0, "reasoning", "b!") == ("", "b!")
    assert not sequence.is_open(0, "reasoning")
    assert sequence.feed(0, "content", "c") == ("", "C")
    assert sequence.flush_all(0) == []


def test_everything_that_is_buffered_is_flushed_once() -> None:
    sequence = ChannelSequence(UpperFilter())
    sequence.feed(0, "reasoning", "a")
    sequence.feed(0, "content", "!")
    sequence.feed(0, "reasoning", "!")
    assert sequence.flush_all(0) == [("reasoning", "!"), ("content", "!")]
    assert sequence.flush_all(0) == []


@pytest.mark.parametrize("channels", [("reasoning", "content"), ("content", "reasoning")])
def test_buffered_texts_are_flushed_in_the_order_of_their_arrival(channels: tuple[Channel, Channel]) -> None:
    sequence = ChannelSequence(UpperFilter())
    for _ in range(2):  # also after an event that ended both
        for channel in channels:
            sequence.feed(0, channel, "!")
        assert [channel for channel, _ in sequence.flush_all(0)] == [*channels]


def test_the_open_channel_is_flushed_first() -> None:
    sequence = ChannelSequence(UpperFilter())
    sequence.feed(0, "content", "a!")
    sequence.feed(0, "reasoning", "!")
    assert sequence.flush_all(0) == [("content", "!"), ("reasoning", "!")]
