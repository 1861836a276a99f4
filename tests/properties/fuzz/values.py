"""Unexpected values, and JSON with such values in any place."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from tests.properties.fuzz.json_text import Pairs, RawJson, nest

TEXTS = [
    "", " ", "\n", "\n\n\n", "\t \r\n", "Hi", "你好", "Solve x^2 - 5x + 6 = 0.", "写一个Python函数", "math", "none",
    "<think>", "</think>", "<think>\n\n</think>\n\nyes", "`<think>`", "```\n\n\n\ncode", "\x00", "a\x00b",
    "\u200f\u202eabc\u202c",
    "\ufeff", "\u2028\u2029", "\ud800", "x\udfff\ud800y", "é" * 300, "data: [DONE]", "[DONE]", "\r\n\r\n", "𝄞", "0.6",
    " 1e3 ", "NaN",
    "9" * 41, "1e9999", "%s{0}\\", "__proto__", "system", "user", "assistant", "function_call", "text_delta",
    "output_text",
]  # fmt: skip
NUMBERS = [
    0, 1, -1, True, False, 0.6, 1.3, RawJson("1e400"), RawJson("-1e400"), RawJson("NaN"), RawJson("Infinity"),
    RawJson("-0.0"), RawJson("-0"),
    RawJson("0.1000000000000000055"), RawJson("1E-400"), RawJson("5e-324"), 2**31, 2**53 + 1, 2**64, -(2**63) - 1,
    10**400,
    RawJson("9" * 4300), RawJson("1" * 400 + ".5"),
]  # fmt: skip
TOO_LONG_NUMBERS = [RawJson("9" * 4301), RawJson("-" + "1" * 6000)]
"""Numbers that are longer than Python parses."""
CONTAINERS: list[Any] = [
    [], {}, [None], [[]], [{}], {"": None}, {"type": []}, {"type": {}}, {"type": "text"}, {"type": "text", "text": 3},
    {"text": "x"},
    {"type": ["text"], "text": "x"}, {"type": "text", "text": "\n\nx\n\n\n\ny\n"}, {"type": "image_url",
    "image_url": {"url": "x"}},
    {"type": "tool_result", "content": "x"}, {"type": "tool_use"}, {"type": "thinking", "thinking": 3},
    {"role": "system", "content": "Be kind."},
    {"role": "user", "content": []}, {"role": ["user"], "content": "x"}, {"role": {"a": 1}, "content": "x"}, ["a", 1,
    None, {"b": [2]}],
    Pairs([("a", 1), ("a", {"b": 2}), ("a", None)]), Pairs([("type", "text"), ("type", 1), ("text", "x")]),
    {"\ud800": "\udc00"}, {"a\x00": 1},
    nest(150), nest(199, key="a"), nest(254), nest(300, '"x"'), nest(700, key="content"),
]  # fmt: skip
HOSTILE: list[Any] = [None, *TEXTS, *NUMBERS, *CONTAINERS]
DEPTHS = (199, 200, 201, 254, 255, 256, 400, *range(930, 960, 3), 980, 1000, 1500, 5000, 9000, 20_000, 200_000)
"""Depths around the limits of pydantic's parser and serializer, and of the stacks of Python 3.11 and later."""

JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)
VALUES = st.sampled_from(HOSTILE) | st.sampled_from(HOSTILE) | JUNK

Place = tuple[Any, Any]
Edit = Callable[[Place, Any], None]


def _replace(place: Place, value: Any) -> None:
    place[0][place[1]] = copy.deepcopy(value)


def _delete(place: Place, _value: Any) -> None:
    del place[0][place[1]]


def _wrap(place: Place, _value: Any) -> None:
    place[0][place[1]] = [place[0][place[1]]]


def _double(place: Place, _value: Any) -> None:
    if isinstance(place[0], list):
        place[0].insert(place[1], copy.deepcopy(place[0][place[1]]))


def _insert(place: Place, value: Any) -> None:
    if isinstance(place[0], list):
        place[0].insert(place[1], copy.deepcopy(value))
    else:
        place[0][f"{place[1]}_x"] = copy.deepcopy(value)


EDITS: tuple[Edit, ...] = (_replace, _replace, _replace, _delete, _wrap, _double, _insert)


def list_places(value: Any) -> list[Place]:
    """Return every place in a value, as a container and its key."""
    places: list[Place] = []
    waiting = [value]
    while waiting:
        container = waiting.pop()
        if isinstance(container, dict):
            inside = list(container.items())
        elif isinstance(container, list) and not isinstance(container, Pairs):
            inside = list(enumerate(container))
        else:
            continue
        places += [(container, key) for key, _ in inside]
        waiting += [inner for _, inner in inside]
    return places


EDITINGS = st.lists(st.tuples(st.integers(0, 10_000), st.sampled_from(EDITS), VALUES), max_size=4)


@st.composite
def mutate(draw: st.DrawFn, seeds: list[Any]) -> Any:
    """Draw one of several values, with unexpected values in any place."""
    value = copy.deepcopy(draw(st.sampled_from(seeds)))
    for at, edit, new in draw(EDITINGS):
        if places := list_places(value):
            edit(places[at % len(places)], new)
    return value
