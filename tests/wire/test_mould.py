"""Events that differ in nothing but their text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_policy.wire.mould import Mould


def chunk(delta: Any, **keys: Any) -> dict[str, Any]:
    return {"id": "c", "choices": [{"index": 2, "delta": delta, "finish_reason": None}], **keys}


def event(value: Any) -> bytes:
    return b"data: %b\n\n" % json.dumps(value, ensure_ascii=False).encode()


def mould_of(value: dict[str, Any]) -> Mould | None:
    return Mould.of(event(value), value)


@pytest.mark.parametrize("key", ["content", "reasoning", "reasoning_content"])
def test_the_text_of_the_next_event_is_read_and_written(key: str) -> None:
    mould = mould_of(chunk({key: "One"}))
    assert mould is not None
    assert (mould.choice, mould.channel) == (2, "content" if key == "content" else "reasoning")
    assert mould.text(event(chunk({key: " 二"}))) == " 二"
    assert json.loads(mould.filled('a "b"\n')[6:]) == chunk({key: 'a "b"\n'})


@pytest.mark.parametrize(
    "other",
    [
        chunk({"content": "two", "tool_calls": [1]}),
        chunk({"content": 'a "quoted" word'}),
        chunk({"content": "a\nbreak"}),
        chunk({"content": "two"}, usage={}),
        chunk({"content": None}),
        chunk({"reasoning": "two"}),
        {**chunk({"content": "two"}), "id": "d"},
        {},
    ],
)
def test_what_is_not_like_it_is_not_read(other: dict[str, Any]) -> None:
    mould = mould_of(chunk({"content": "One"}))
    assert mould is not None
    assert mould.text(event(other)) is None


@pytest.mark.parametrize("piece", [b"", b"data: ", b"\xff", event({})[:-1], event(chunk({"content": "x"}))[:-1]])
def test_bytes_that_are_no_such_event_are_not_read(piece: bytes) -> None:
    mould = mould_of(chunk({"content": "One"}))
    assert mould is not None
    assert mould.text(piece) is None


def test_broken_utf8_is_not_read() -> None:
    mould = mould_of(chunk({"content": "One"}))
    assert mould is not None
    assert mould.text(mould.before + b"\xff" + mould.after) is None


@pytest.mark.parametrize(
    ("text", "within"),
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
def test_a_text_within_a_line_is_told_by_its_bytes(text: str, within: bool) -> None:
    mould = mould_of(chunk({"content": "One"}))
    assert mould is not None
    assert mould.is_within_line(event(chunk({"content": text}))) is within
    assert not mould.is_within_line(event(chunk({"reasoning": text})))


def test_two_events_at_once_are_not_read() -> None:
    mould = mould_of(chunk({"content": "One"}))
    assert mould is not None
    assert mould.text(event(chunk({"content": "a"})) * 2) is None


@pytest.mark.parametrize(
    "value",
    [
        chunk({"content": "One", "reasoning": "Two"}),  # two texts
        chunk({"content": "One"}, usage={"total_tokens": 1}),
        chunk({"content": "One"}, logprobs={"content": []}),  # the name stands there twice
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
def test_there_is_none_where_there_is_not_one_plain_text(value: dict[str, Any]) -> None:
    raw = b"data: %b\n\n" % json.dumps(value).encode()
    assert Mould.of(raw, value) is None


@pytest.mark.parametrize(
    ("value", "goes"),
    [
        (chunk({"content": "a"}), True),
        (chunk({"role": "assistant", "content": "a"}), False),
        (chunk({"content": "a", "tool_calls": [1]}), False),
        ({"choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": "stop"}]}, False),
    ],
)
def test_an_event_that_is_left_with_nothing_goes(value: dict[str, Any], goes: bool) -> None:
    mould = mould_of(value)
    assert mould is not None
    assert (mould.filled("") == b"") is goes


KEYS = st.sampled_from(["content", "reasoning", "role", "text", 'a"content"', "content:"])
SHAPES: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    KEYS, st.sampled_from(["", "a", "b c", '"content":"x"', "\\", "é", None, 1, []]), max_size=3
)


@given(first=SHAPES, second=SHAPES, head=SHAPES)
def test_what_is_read_is_what_parsing_reads(first: Any, second: Any, head: Any) -> None:
    learned, met = {**chunk(first), "head": head}, {**chunk(second), "head": head}
    mould = mould_of(learned)
    text = mould.text(event(met)) if mould is not None else None
    if mould is not None and text is not None:
        key = next(key for key in ("content", "reasoning") if isinstance(first.get(key), str))
        assert met == {**learned, **chunk({**first, key: text})}
        assert json.loads(mould.filled("new")[6:]) == {**met, **chunk({**second, key: "new"})}
