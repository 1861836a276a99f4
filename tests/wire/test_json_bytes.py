"""JSON as bytes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_policy.wire.json_bytes import decoded, encoded, is_object_to_others

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(VALUES)
def test_what_is_written_is_read_back(value: object) -> None:
    assert decoded(encoded(value)) == value


def test_text_stays_readable_unless_utf_8_cannot_hold_it() -> None:
    assert encoded({"a": "请"}) == '{"a":"请"}'.encode()
    assert json.loads(encoded({"a": "请\ud800"})) == {"a": "请\ud800"}


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe\xff", b"[DONE]"])
def test_what_is_no_json_is_none(data: bytes) -> None:
    assert decoded(data) is None


def test_deep_nesting_is_told() -> None:
    with pytest.raises(RecursionError):
        decoded(b"[" * 200_000)


@pytest.mark.parametrize(
    ("data", "is_object"),
    [
        (b'{"a": "\xff"}', True),  # Go and JavaScript put U+FFFD there
        (b'{"a": ' + b"9" * 5000 + b"}", True),  # Python reads at most 4,300 digits
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
def test_what_others_may_read_as_an_object(data: bytes, is_object: bool) -> None:
    assert decoded(data) is None
    assert is_object_to_others(data) is is_object
