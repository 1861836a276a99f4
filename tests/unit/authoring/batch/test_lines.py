"""Lines of JSON Lines files."""

from __future__ import annotations

import io
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_policy import UsageError
from prompt_policy.authoring.batch.lines import Line, chunk_lines, read_lines, split_ending


def read(data: bytes, max_bytes: int = 100) -> list[Line]:
    return list(read_lines(io.BytesIO(data), "f", max_bytes))


def test_blank_lines_are_numbered_but_have_no_position() -> None:
    assert read(b"a\n\n \r\nb") == [Line(1, b"a\n", 1), Line(2, b"\n"), Line(3, b" \r\n"), Line(4, b"b", 2)]


@given(st.binary(max_size=50).filter(lambda data: not data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"))))
def test_no_byte_is_lost(data: bytes) -> None:
    lines = read(data)
    assert b"".join(line.data for line in lines) == data
    assert all(b"".join(split_ending(line.data)) == line.data for line in lines)


def test_a_byte_order_mark_is_removed() -> None:
    assert read(b"\xef\xbb\xbf{}\n")[0].data == b"{}\n"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_an_error(encoding: str) -> None:
    with pytest.raises(UsageError, match="f is UTF-16; convert it"):
        read("\ufeff{}\n".encode(encoding))


def test_a_line_that_is_too_long_is_an_error() -> None:
    with pytest.raises(UsageError, match="f:2: the line is longer than 10 bytes"):
        read(b"1234567\n12345678901\n", 10)


@pytest.mark.parametrize(
    ("data", "expected"),
    [(b"a\n", (b"a", b"\n")), (b"a\r\n", (b"a", b"\r\n")), (b"a", (b"a", b"")), (b"a\r", (b"a\r", b""))],
)
def test_the_ending_is_separated(data: bytes, expected: tuple[bytes, bytes]) -> None:
    assert split_ending(data) == expected


def test_chunks_are_limited_by_lines_and_by_bytes() -> None:
    lines = read(b"a\n" * 5 + b"b" * 50 + b"\na\n")
    chunks = list(chunk_lines(lines, max_lines=3, max_bytes=40))
    assert [len(chunk) for chunk in chunks] == [3, 3, 1]
    assert list(chain(*chunks)) == lines
