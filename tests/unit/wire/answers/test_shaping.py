"""Answers whose text moves between channels."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy.wire.answers.chat import Channel, ChoiceKey, Piece, ReasoningForm
from prompt_policy.wire.answers.deltas import DeltaRewriter
from prompt_policy.wire.answers.shaping import (
    ShapedDeltaRewriter,
    create_delta_rewriter,
    shape_message,
)
from prompt_policy.wire.values import MISSING
from tests.support.upper_filter import UpperFilter

_SWAPPED: tuple[Channel, ...] = ("content", "reasoning", "content")


class SwapFilter(UpperFilter):
    """Splits content at "|" into content, reasoning and content."""

    def feed_pieces(self, choice: ChoiceKey, channel: Channel, text: str) -> list[Piece]:
        if channel == "reasoning":
            return super().feed_pieces(choice, channel, text)
        parts = [*text.split("|"), "", ""][:3]
        return [
            new
            for channel, part in zip(_SWAPPED, parts, strict=True)
            for new in UpperFilter.feed_pieces(self, choice, channel, part)
        ]


def create(form: ReasoningForm | None = None) -> DeltaRewriter:
    return create_delta_rewriter(SwapFilter(form or ReasoningForm()))


def test_deltas_are_shaped_only_if_there_is_a_form() -> None:
    assert type(create_delta_rewriter(UpperFilter())) is DeltaRewriter
    assert type(create()) is ShapedDeltaRewriter
    assert not create().is_open(0, "content")


def test_earlier_pieces_precede_the_delta_that_holds_the_last_ones() -> None:
    plan = create().plan(0, {"role": "assistant", "content": "a|b|c"}, finishes=False)
    assert plan == ([{"content": "A"}], {"content": "C", "reasoning": "B"})


def test_content_leaves_a_delta_whose_text_is_reasoning() -> None:
    assert create().plan(0, {"content": "|b"}, finishes=False) == ([], {"content": MISSING, "reasoning": "B"})


@pytest.mark.parametrize("last", [{"tool_calls": [{}]}, {"function_call": {}, "content": "", "tool_calls": [{}]}])
def test_buffered_text_precedes_a_delta_without_text_of_its_own(last: dict[str, Any]) -> None:
    deltas = create()
    deltas.plan(0, {"reasoning_content": "a!"}, finishes=False)
    assert deltas.plan(0, last, finishes=False) == ([{"reasoning_content": "!"}], {})


def test_buffered_text_is_in_the_delta_that_finishes_if_it_has_text() -> None:
    assert create().plan(0, {"content": "a!"}, finishes=True) == ([], {"content": "A!"})
    assert create(ReasoningForm(("x",))).plan(0, {"content": "|b!"}, finishes=True).changed["x"] == "B!"


def test_the_end_of_the_answer_flushes_every_piece() -> None:
    deltas = create(ReasoningForm(("x", "y")))
    deltas.plan(0, {"content": "|b!|c!"}, finishes=False)
    assert deltas.flush(0) == [{"x": "!", "y": "!"}, {"content": "!"}]


def test_reasoning_with_a_structured_copy_stays_verbatim() -> None:
    deltas = create()
    deltas.plan(0, {"reasoning": "a!"}, finishes=False)
    copied = {"reasoning": "b!", "reasoning_details": [{"text": "b!"}]}
    assert deltas.plan(0, copied, finishes=False) == ([], {"reasoning": "!b!"})
    assert deltas.plan(0, {}, finishes=True) == ([], {})


def test_hidden_reasoning_hides_the_tokens_of_its_choice() -> None:
    deltas = create(ReasoningForm(is_hidden=True))
    deltas.plan(1, {"content": "a"}, finishes=False)
    assert not deltas.hides_tokens(1)
    deltas.plan(1, {"content": "|b"}, finishes=False)
    assert (deltas.hides_tokens(0), deltas.hides_tokens(1)) == (False, True)
    assert not create().hides_tokens(0)


def test_a_message_holds_the_joined_pieces_of_each_channel() -> None:
    form = ReasoningForm(("reasoning",))
    message = {"content": "a|b|c!", "reasoning_content": "d"}
    assert shape_message(message, SwapFilter(form), form, 0) == {
        "content": "AC!", "reasoning": "DB", "reasoning_content": MISSING,
    }  # fmt: skip
