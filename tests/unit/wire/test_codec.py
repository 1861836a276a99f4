"""JSON as bytes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_policy.wire.codec import dump_json, lenient_parsers_accept, load_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(VALUES)
def test_dumped_values_are_loaded_back(value: object) -> None:
    assert load_json(dump_json(value)) == value


def test_only_lone_surrogates_are_escaped() -> None:
    assert dump_json({"a": "请"}) == '{"a":"请"}'.encode()
    assert json.loads(dump_json({"a": "请\ud800"})) == {"a": "请\ud800"}


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe\xff", b"[DONE]"])
def test_invalid_json_loads_as_null(data: bytes) -> None:
    assert load_json(data) is None


def test_deep_nesting_raises() -> None:
    with pytest.raises(RecursionError):
        load_json(b"[" * 200_000)


@pytest.mark.parametrize(
    ("data", "is_object"),
    [
        (b'{"a": "\xff"}', True),  # Go and JavaScript replace it by U+FFFD
        (b'{"a": ' + b"9" * 5000 + b"}", True),  # Python accepts at most 4,300 digits
        (b' {"a": 1} x', True),  # Go's decoder stops at the end of the first value
        (b'{"a": 1}{"a": 2}', True),
        ('{"a": 1} x'.encode("utf-16"), True),
        (b'{"a": 1', False),
        (b"\xff\xfe\xff", False),
        (b"[1] x", False),
        (b"null", False),
        (b"", False),
    ],
)
def test_body_that_lenient_parsers_accept_is_detected(data: bytes, is_object: bool) -> None:
    assert load_json(data) is None
    assert lenient_parsers_accept(data) is is_object
