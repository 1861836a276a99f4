"""Text that moves between reasoning and content; ``test_shape_reasoning`` has the tests of complete answers."""

from __future__ import annotations

from prompt_policy.kinds.filters.reasoning import ReasoningInliner, ReasoningShaper, ShapePlan
from prompt_policy.wire.answers.chat import Piece, ReasoningForm


def create_shaper(form: ReasoningForm) -> ReasoningShaper:
    return ReasoningShaper(ShapePlan(form, splits=True, is_opened=True, opening="<a>", closing="</a>"))


def test_text_that_is_not_fed_as_a_piece_stays_in_its_channel() -> None:
    assert create_shaper(ReasoningForm()).feed("content", "x</a>y") == "x</a>y"


def test_hidden_reasoning_is_marked_where_content_is_separated_from_it() -> None:
    pieces = create_shaper(ReasoningForm(is_hidden=True)).feed_pieces("content", "x</a>y")
    assert pieces == [("reasoning", "x"), ("reasoning", ""), ("content", "y")]
    assert create_shaper(ReasoningForm()).feed_pieces("content", "x</a>y") == [("reasoning", "x"), ("content", "y")]


def test_reasoning_in_a_field_is_marked_if_the_content_would_be_opened() -> None:
    shaper = create_shaper(ReasoningForm())
    assert shaper.feed_pieces("reasoning", "\n") == [("reasoning", ""), ("reasoning", "\n")]
    assert shaper.feed_pieces("content", "y") == [("content", "y")]


def test_the_inliner_opens_a_block_of_its_own_for_later_reasoning() -> None:
    inliner = ReasoningInliner("<a>", "</a>", keeps_blank=False)
    pieces = [Piece("reasoning", "x"), Piece("content", "y"), Piece("reasoning", "z")]
    out = [new.text for piece in pieces for new in inliner.feed(piece)] + [new.text for new in inliner.flush()]
    assert out == ["<a>\nx", "\n</a>\n\ny", "<a>\nz", "\n</a>"]
    assert [*inliner.flush()] == []
