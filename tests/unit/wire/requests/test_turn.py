"""Turns: texts and parts, copied and never changed in place."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from prompt_policy.wire import Turn
from prompt_policy.wire.requests.turn import (
    SystemField,
    are_of_one_speaker,
    extract_text,
    flatten_parts,
    is_text,
    is_tool_result,
    merge_contents,
    merge_speaker_turns,
    read_part,
)

TEXT = {"type": "text", "text": "a"}
IMAGE = {"type": "image_url", "image_url": {"url": "x"}}


def turn(content: Any) -> Turn:
    return Turn("user", {"role": "user", "content": content}, extract_text(content))


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("a", "a"),
        (None, ""),
        ([], ""),
        ([TEXT, IMAGE, TEXT], "a\na"),
        (["a", TEXT], "a\na"),
        ([{"type": "text"}], ""),
        ([{"type": [], "text": "a"}], ""),
        ([{"type": "input_text", "text": "a"}, {"type": "output_text", "text": "b"}], "a\nb"),
        ([{"type": "refusal", "refusal": "a"}], "a"),
        ([{"type": "thinking", "thinking": "a"}, TEXT], "a\na"),
        ([{"type": "thinking", "thinking": [TEXT, {"type": "text", "text": "b"}, IMAGE, 3]}], "a\nb"),
        ([{"type": "refusal", "text": "a"}, {"type": "thinking", "thinking": 3}, {"type": "refusal"}], ""),
        ([{"type": "odd", "text": "a"}], ""),
    ],
)
def test_text_of_a_message_is_extracted(content: Any, text: str) -> None:
    assert turn(content).text == text


@pytest.mark.parametrize(
    ("before", "after", "joined"),
    [
        ("a", "b", "a|b"),
        ("", "b", "b"),
        ("a", None, "a"),
        (None, "", ""),
        ("a", [IMAGE], [TEXT, IMAGE]),
        ([IMAGE], "b", [IMAGE, {"type": "text", "text": "b"}]),
        ([TEXT], [TEXT, IMAGE], [{"type": "text", "text": "a|a"}, IMAGE]),
        (["a"], [TEXT], [{"type": "text", "text": "a|a"}]),
    ],
)
def test_contents_are_merged_with_all_parts_kept(before: Any, after: Any, joined: Any) -> None:
    assert merge_contents([before, after], "|", "text") == joined


@pytest.mark.parametrize(
    ("contents", "joined"),
    [
        (["a", "", "b", None, "c"], "a|b|c"),
        (["a", [TEXT], "b"], [{"type": "text", "text": "a|a|b"}]),
        ([[IMAGE], "a", "b", [IMAGE]], [IMAGE, {"type": "text", "text": "a|b"}, IMAGE]),
        ([[TEXT, IMAGE], [IMAGE, TEXT], [TEXT, TEXT]], [TEXT, IMAGE, IMAGE, {"type": "text", "text": "a|a"}, TEXT]),
        ([[{"type": "text", "text": ""}], [{**TEXT, "cache_control": 1}], "b"],
         [{"type": "text", "text": "a|b", "cache_control": 1}]),
    ],
)  # fmt: skip
def test_several_contents_are_merged_like_two(contents: list[Any], joined: Any) -> None:
    assert merge_contents(contents, "|", "text") == joined


@pytest.mark.parametrize("content", ["a", None, [TEXT, IMAGE], [IMAGE], ["a"]])
def test_changes_do_not_reach_the_original(content: Any) -> None:
    original = turn(content)
    before = copy.deepcopy(original.raw)
    original.append_text("x", "\n")
    merge_contents([original.content, [TEXT], original.content], "\n", "text")
    original.map_first_text(str.upper)
    assert original.raw == before


def test_edit_without_effect_returns_the_same_turn() -> None:
    for content in ("a", [TEXT], [IMAGE], None):
        original = turn(content)
        assert original.map_first_text(lambda text: text) is original


def test_new_text_part_has_the_type_of_the_endpoint() -> None:
    original = Turn("user", {"role": "user", "content": [IMAGE]}, "", "input_text")
    assert original.append_text("x", "\n").content[-1] == {"type": "input_text", "text": "x"}


def test_original_text_survives_rewriting() -> None:
    assert turn("a").append_text("x", "\n").original_text == "a"


RESULT = {"type": "tool_result", "tool_use_id": "t", "content": "4"}
REFUSAL = {"type": "refusal", "refusal": "No."}


@pytest.mark.parametrize(
    ("contents", "joined"),
    [
        (["a", [RESULT, TEXT]], [RESULT, {"type": "text", "text": "a|a"}]),
        ([[RESULT], "a"], [RESULT, TEXT]),
        ([[TEXT], [RESULT], "b", [RESULT]], [RESULT, RESULT, {"type": "text", "text": "a|b"}]),
        ([None, [TEXT, RESULT]], [TEXT, RESULT]),
    ],
)
def test_tool_results_come_first_in_merged_contents(contents: list[Any], joined: Any) -> None:
    assert merge_contents(contents, "|", "text") == joined


def test_text_is_not_joined_to_a_refusal_or_before_positions_in_a_text() -> None:
    cited = {**TEXT, "annotations": [{"start_index": 0}]}
    assert merge_contents([[REFUSAL], "a"], "|", "text") == [REFUSAL, TEXT]
    assert merge_contents(["a", [REFUSAL]], "|", "text") == [TEXT, REFUSAL]
    assert merge_contents(["a", [cited], "b"], "|", "text") == [TEXT, {**cited, "text": "a|b"}]


def test_joined_parts_have_the_keys_of_both() -> None:
    first, second = {**TEXT, "cache_control": 1, "id": 1}, {**TEXT, "id": 2}
    assert merge_contents([[first], [second]], "|", "text") == [{**TEXT, "text": "a|a", "cache_control": 1, "id": 2}]


@pytest.mark.parametrize(
    ("part", "is_plain"), [("a", True), (TEXT, True), (REFUSAL, False), (IMAGE, False), ({"type": "text"}, False)]
)
def test_plain_text_can_be_extended(part: Any, is_plain: bool) -> None:
    assert is_text(part) is is_plain


@pytest.mark.parametrize(("part", "text"), [("a", "a"), (REFUSAL, "No."), (IMAGE, None), (3, None), ({}, None)])
def test_a_part_is_read_as_its_text(part: Any, text: str | None) -> None:
    assert read_part(part) == text


@pytest.mark.parametrize(("part", "expected"), [(RESULT, True), (TEXT, False), ("tool_result", False), (None, False)])
def test_a_tool_result_is_recognised(part: Any, expected: bool) -> None:
    assert is_tool_result(part) is expected


@pytest.mark.parametrize("content", ["a", None, [], [TEXT, IMAGE], [{**TEXT, "cache_control": 1}], [REFUSAL], [""]])
def test_content_that_is_more_than_text_is_not_flattened(content: Any) -> None:
    assert flatten_parts(content) is content


def test_text_parts_are_flattened_as_servers_join_them() -> None:
    assert flatten_parts([TEXT, "b", {**TEXT, "annotations": []}]) == "a\nb\na"


def test_a_field_stays_a_field_with_other_content() -> None:
    field = Turn("system", SystemField(role="system", content="a"), "a")
    assert isinstance(field.with_content("b").raw, SystemField)
    assert type(turn("a").with_content("b").raw) is dict


def test_speakers_differ_by_role_or_name() -> None:
    ann = Turn("user", {"role": "user", "name": "ann", "content": ""}, "")
    assert are_of_one_speaker(ann, ann)
    assert not are_of_one_speaker(ann, turn(""))
    assert not are_of_one_speaker(turn(""), Turn("assistant", {"role": "assistant", "content": ""}, ""))


def test_merged_turns_have_the_keys_and_original_texts_of_all() -> None:
    one, other = Turn("user", {"id": 1, "content": "x"}, "a"), Turn("user", {"id": 2, "more": 3, "content": "y"}, "b")
    merged = merge_speaker_turns([one, other], "z", "|")
    assert (merged.raw, merged.original_text) == ({"id": 1, "more": 3, "content": "z"}, "a|b")
    assert merge_speaker_turns([one], "z", "|").raw == {"id": 1, "content": "z"}
