"""Complete chat answers with their texts filtered."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from prompt_policy.wire.answers.chat import Channel, ChoiceKey
from prompt_policy.wire.answers.chat_message import filter_message, rewrite_completion
from tests.support.upper_filter import UpperFilter, whole


def test_complete_answer_is_copied_with_texts_filtered() -> None:
    original = whole(content="a!", reasoning="b")
    before = copy.deepcopy(original)
    assert rewrite_completion(original, UpperFilter()) == whole(content="A!", reasoning="B")
    assert original == before


@pytest.mark.parametrize(
    "unchanged",
    [whole(content="A"), whole(content=None), whole(content=None, tool_calls=[{}]), {"error": {}}, {"choices": [3]}],
)
def test_unchanged_complete_answer_is_the_same_object(unchanged: dict[str, Any]) -> None:
    assert rewrite_completion(unchanged, UpperFilter()) is unchanged


def test_empty_content_beside_tool_calls_is_null() -> None:
    rewritten = rewrite_completion(whole(content="  ", tool_calls=[{"id": "1"}]), UpperFilter())
    assert rewritten["choices"][0]["message"]["content"] is None
    assert rewrite_completion(whole(content="  "), UpperFilter())["choices"][0]["message"]["content"] == ""


class FirstOnlyFilter(UpperFilter):
    """Converts only the first text of a choice."""

    def __init__(self) -> None:
        super().__init__()
        self.fed: set[ChoiceKey] = set()

    def feed(self, choice: ChoiceKey, channel: Channel, text: str) -> str:
        if choice in self.fed:
            return text
        self.fed.add(choice)
        return super().feed(choice, channel, text)


@pytest.mark.parametrize("index", [0, None, "0", []])
def test_choices_of_complete_answer_are_found_by_position(index: Any) -> None:
    original = {
        "choices": [{"index": index, "message": {"content": "a"}}, {"index": index, "message": {"content": "b"}}]
    }
    rewritten = rewrite_completion(original, FirstOnlyFilter())
    assert [each["message"]["content"] for each in rewritten["choices"]] == ["A", "B"]


@pytest.mark.parametrize("key", ["reasoning", "reasoning_content"])
def test_reasoning_is_found_under_either_key(key: str) -> None:
    assert rewrite_completion(whole(content=None, **{key: "a"}), UpperFilter()) == whole(content=None, **{key: "A"})


@pytest.mark.parametrize(
    "copies",
    [
        {"reasoning_details": [{"type": "reasoning.text", "text": "a", "signature": "s"}]},
        {"thinking_blocks": [{"type": "thinking", "thinking": "a", "signature": "s"}]},
        {"reasoning_content": "another text"},
    ],
)
def test_reasoning_that_is_repeated_elsewhere_is_not_changed(copies: dict[str, Any]) -> None:
    assert rewrite_completion(whole(content="b", reasoning="a", **copies), UpperFilter()) == whole(
        content="B", reasoning="a", **copies
    )


@pytest.mark.parametrize(
    "no_copies", [{"reasoning_details": []}, {"reasoning_details": [{"type": "reasoning.encrypted", "data": "x"}]}]
)
def test_reasoning_beside_data_without_text_is_filtered(no_copies: dict[str, Any]) -> None:
    assert rewrite_completion(whole(content="b", reasoning="a", **no_copies), UpperFilter()) == whole(
        content="B", reasoning="A", **no_copies
    )


def test_parts_of_a_content_list_are_filtered() -> None:
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "a!"}], "closed": True}
    reference = {"type": "reference", "reference_ids": [1]}
    out = rewrite_completion(whole(content=[thinking, {"type": "text", "text": "b!"}, reference]), UpperFilter())
    assert out == whole(
        content=[
            {"type": "thinking", "thinking": [{"type": "text", "text": "A"}], "closed": True},
            {"type": "thinking", "thinking": [{"type": "text", "text": "!"}]},
            {"type": "text", "text": "B"},
            reference,
            {"type": "text", "text": "!"},
        ]
    )


def test_reasoning_beside_a_content_list_is_filtered() -> None:
    out = rewrite_completion(whole(reasoning="a!", content=[{"type": "text", "text": "B"}]), UpperFilter())
    assert out == whole(reasoning="A!", content=[{"type": "text", "text": "B"}])


NESTED = "provider_specific_fields"


@pytest.mark.parametrize(
    ("message", "changed"),
    [
        (
            {"reasoning_content": "a", NESTED: {"reasoning": "a", "other": 1}},
            {"reasoning_content": "A", NESTED: {"reasoning": "A", "other": 1}},
        ),
        (
            {"reasoning_content": "a", NESTED: {"reasoning_content": "a"}},
            {"reasoning_content": "A", NESTED: {"reasoning_content": "A"}},
        ),
        ({"reasoning_content": "a", "content": "b", NESTED: {"citations": ["b"]}},
         {"reasoning_content": "A", "content": "B"}),
        ({"content": "b", NESTED: {"content": "b"}}, {"content": "B"}),
        ({"reasoning_content": "a", NESTED: "a"}, {"reasoning_content": "A"}),
        ({"reasoning_content": "a", NESTED: {"reasoning": "b"}}, {}),
        ({"reasoning_content": "a", NESTED: {"reasoning_content": "b"}}, {}),
        ({"reasoning_content": "a", "content": "b", NESTED: {"reasoning_details": [{"text": "a"}]}}, {"content": "B"}),
        ({"reasoning_content": "a", NESTED: {"reasoning": "a", "thinking_blocks": [{"thinking": "a"}]}}, {}),
        ({"reasoning_content": "a", "reasoning_items": [{"type": "reasoning", "summary": [{"text": "a"}]}]}, {}),
        ({"reasoning_content": "a", NESTED: {"reasoning_details": [{"type": "reasoning.encrypted", "data": "x"}]}},
         {"reasoning_content": "A"}),
    ],
)  # fmt: skip
def test_reasoning_agrees_with_its_copy_among_the_providers_fields(
    message: dict[str, Any], changed: dict[str, Any]
) -> None:
    before = copy.deepcopy(message)
    assert filter_message(message, UpperFilter(), 0) == changed
    assert message == before


def test_annotations_point_at_the_text_that_is_left() -> None:
    cited = {"type": "url_citation", "url_citation": {"url": "u", "start_index": 3, "end_index": 5}}
    other = {"type": "other", "start_index": 3}
    message = {"content": "a  BC", "annotations": [cited, other]}
    shifted = {"type": "url_citation", "url_citation": {"url": "u", "start_index": 1, "end_index": 3}}

    assert filter_message(message, DropSpaces(), 0) == {"content": "aBC", "annotations": [shifted, other]}
    for notes in (None, [], [other], "x"):
        unshifted = {"content": "a  BC", "annotations": notes}
        assert filter_message(unshifted, DropSpaces(), 0) == {"content": "aBC"}


class DropSpaces(UpperFilter):
    """Drops spaces, and changes nothing else."""

    def feed(self, choice: ChoiceKey, channel: Channel, text: str) -> str:
        return text.replace(" ", "")
