"""The fields of a message that contain reasoning."""

from __future__ import annotations

from prompt_policy.wire.answers.chat import Piece, ReasoningForm
from prompt_policy.wire.reasoning.fields import list_hidden_tokens, place_pieces
from prompt_policy.wire.values import MISSING


def test_hidden_tokens_of_a_message_are_listed_only_if_its_text_changes() -> None:
    choice, form = {"logprobs": {}, "token_ids": [1], "index": 0}, ReasoningForm(is_hidden=True)
    assert list_hidden_tokens(choice, {"content": "a"}, form) == {"logprobs": None, "token_ids": None}
    assert list_hidden_tokens(choice, {"role": "a"}, form) == {}
    assert list_hidden_tokens(choice, {"content": "a"}, ReasoningForm()) == {}


def test_two_different_texts_of_reasoning_stay_unless_they_are_hidden() -> None:
    message = {"reasoning": "a", "reasoning_content": "b"}
    pieces = [Piece("reasoning", "a")]
    assert place_pieces(message, pieces, ReasoningForm(("reasoning",)), ("reasoning",)) == {}
    hidden = place_pieces(message, [], ReasoningForm(is_hidden=True), ("reasoning",))
    assert hidden == {"reasoning": MISSING, "reasoning_content": MISSING}


def test_null_reasoning_stays_null() -> None:
    message = {"reasoning": None, "content": "a", "reasoning_details": None}
    for form in (ReasoningForm(is_hidden=True), ReasoningForm(("reasoning_content",))):
        assert place_pieces(message, [Piece("content", "a")], form, ("reasoning",)) == {}


def test_copies_are_removed_from_the_fields_of_the_provider_too() -> None:
    form = ReasoningForm(is_hidden=True)
    fields = {"reasoning": "a", "thinking_blocks": [1], "other": 1}
    assert place_pieces({"provider_specific_fields": fields}, [], form, ()) == {
        "provider_specific_fields": {"other": 1}
    }
    assert place_pieces({"provider_specific_fields": {"reasoning": "a"}}, [], form, ()) == {
        "provider_specific_fields": MISSING
    }


def test_a_changed_text_is_changed_among_the_fields_of_the_provider_too() -> None:
    form, fields = ReasoningForm(("reasoning",)), {"reasoning": "a ", "other": "a "}
    message = {"reasoning_content": "a ", "provider_specific_fields": fields}
    renamed = {"reasoning": "a", "reasoning_content": MISSING}
    assert place_pieces(message, [Piece("reasoning", "a")], form, ()) == {
        **renamed, "provider_specific_fields": {"reasoning": "a", "other": "a "},
    }  # fmt: skip
    assert place_pieces(message, [Piece("reasoning", "a ")], form, ()) == {**renamed, "reasoning": "a "}
