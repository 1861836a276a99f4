"""Byte templates of events that differ only in their text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_policy.wire.chunk_template import ChunkTemplate


def chunk(delta: Any, **keys: Any) -> dict[str, Any]:
    return {"id": "c", "choices": [{"index": 2, "delta": delta, "finish_reason": None}], **keys}


def event(value: Any) -> bytes:
    return b"data: %b\n\n" % json.dumps(value, ensure_ascii=False).encode()


def create_template(value: dict[str, Any]) -> ChunkTemplate | None:
    return ChunkTemplate.from_event(event(value), value)


@pytest.mark.parametrize("key", ["content", "reasoning", "reasoning_content"])
def test_text_of_the_next_event_is_extracted_and_rendered(key: str) -> None:
    template = create_template(chunk({key: "One"}))
    assert template is not None
    assert (template.choice, template.channel) == (2, "content" if key == "content" else "reasoning")
    assert template.extract_text(event(chunk({key: " 二"}))) == " 二"
    assert json.loads(template.render('a "b"\n')[6:]) == chunk({key: 'a "b"\n'})


@pytest.mark.parametrize(
    "other",
    [
        chunk({"content": "two", "tool_calls": [1]}),
        chunk({"content": "two"}, usage={}),
        chunk({"content": None}),
        chunk({"reasoning": "two"}),
        {**chunk({"content": "two"}), "id": "d"},
        {},
    ],
)
def test_event_that_does_not_match_is_not_read(other: dict[str, Any]) -> None:
    template = create_template(chunk({"content": "One"}))
    assert template is not None
    assert template.extract_text(event(other)) is None


@pytest.mark.parametrize("text", ['a "quoted" word', "a\nbreak", "\\", "\u0000é\U0001f600"])
def test_text_with_escapes_is_extracted(text: str) -> None:
    template = create_template(chunk({"content": "One"}))
    assert template is not None
    assert template.extract_text(event(chunk({"content": text}))) == text


@pytest.mark.parametrize("piece", [b"", b"data: ", b"\xff", event({})[:-1], event(chunk({"content": "x"}))[:-1]])
def test_other_bytes_are_not_read(piece: bytes) -> None:
    template = create_template(chunk({"content": "One"}))
    assert template is not None
    assert template.extract_text(piece) is None


def test_invalid_utf8_is_not_read() -> None:
    template = create_template(chunk({"content": "One"}))
    assert template is not None
    assert template.extract_text(template.before + b"\xff" + template.after) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("word", True),
        (" word", True),
        ("二", True),
        ("\u3000", True),
        ("a ", False),
        ("", False),
        ("a\nb", False),
        ('"', False),
    ],
)
def test_text_within_a_line_is_detected(text: str, expected: bool) -> None:
    template = create_template(chunk({"content": "One"}))
    assert template is not None
    assert template.is_within_line(event(chunk({"content": text}))) is expected
    assert not template.is_within_line(event(chunk({"reasoning": text})))


def test_counter_adds_the_code_points_of_texts_within_a_line() -> None:
    template = create_template(chunk({"content": "One"}))
    assert template is not None
    passed = [0]
    count = template.create_counter(passed)
    assert [count(event(chunk({"content": text}))) for text in ("two", " 二", "a\n", "b ")] == [
        True,
        True,
        False,
        False,
    ]
    assert passed == [5]


def test_two_events_at_once_are_not_read() -> None:
    template = create_template(chunk({"content": "One"}))
    assert template is not None
    assert template.extract_text(event(chunk({"content": "a"})) * 2) is None


@pytest.mark.parametrize(
    "value",
    [
        chunk({"content": "One", "reasoning": "Two"}),  # two texts
        chunk({"content": "One"}, usage={"total_tokens": 1}),
        chunk({"content": "One"}, logprobs={"content": []}),  # the key occurs twice
        chunk({"content": "One"}, content="One"),
        chunk({"content": 'a "quoted" word'}),
        chunk({"content": "\ud800"}),
        chunk({"role": "assistant"}),
        chunk(None),
        {"choices": []},
        {"choices": [1]},
        {"choices": [*chunk({"content": "a"})["choices"], *chunk({"content": "b"})["choices"]]},
        {"choices": "content"},
        {},
    ],
)
def test_template_requires_exactly_one_unescaped_text(value: dict[str, Any]) -> None:
    raw = b"data: %b\n\n" % json.dumps(value).encode()
    assert ChunkTemplate.from_event(raw, value) is None


@pytest.mark.parametrize(
    "value",
    [
        chunk({"content": "a", "tool_calls": [1]}),
        chunk({"content": "a", "function_call": {"name": "f"}}),
        chunk({"reasoning": "a", "reasoning_details": [{"text": "a"}]}),
        chunk({"reasoning": "a", "provider_specific_fields": {"reasoning_content": "a"}}),
        {"choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": "stop"}]},
    ],
)
def test_chunk_before_which_text_may_be_flushed_has_no_template(value: dict[str, Any]) -> None:
    assert create_template(value) is None


@pytest.mark.parametrize(
    ("value", "droppable"),
    [
        (chunk({"content": "a"}), True),
        (chunk({"role": "assistant", "content": "a"}), False),
        (chunk({"content": "a", "annotations": [1]}), False),
        ({**chunk({"content": "a"}), "citations": ["x"]}, False),
        ({"choices": [{"index": 0, "delta": {"content": "a"}, "token_ids": [1]}]}, False),
    ],
)
def test_event_without_content_renders_to_no_bytes(value: dict[str, Any], droppable: bool) -> None:
    template = create_template(value)
    assert template is not None
    assert (template.render("") == b"") is droppable


CHANNEL_KEYS = st.sampled_from(["content", "reasoning", "role", "text", 'a"content"', "content:"])
SHAPES: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    CHANNEL_KEYS, st.sampled_from(["", "a", "b c", '"content":"x"', "\\", "é", None, 1, []]), max_size=3
)


@given(first=SHAPES, second=SHAPES, head=SHAPES)
def test_extracted_text_equals_the_parsed_text(first: Any, second: Any, head: Any) -> None:
    first_chunk, second_chunk = {**chunk(first), "head": head}, {**chunk(second), "head": head}
    template = create_template(first_chunk)
    text = template.extract_text(event(second_chunk)) if template is not None else None
    if template is not None and text is not None:
        key = next(key for key in ("content", "reasoning") if isinstance(first.get(key), str))
        assert second_chunk == {**first_chunk, **chunk({**first, key: text})}
        assert json.loads(template.render("new")[6:]) == {**second_chunk, **chunk({**second, key: "new"})}
