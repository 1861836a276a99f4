"""Read the lines of a JSON Lines file as bytes, one at a time, and group them into chunks."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final, NamedTuple

from prompt_policy.errors import UsageError

MAX_LINE_BYTES: Final = 256 * 1024 * 1024
"""A longer line is an error: the file is most likely not JSON Lines, and a line is held in memory."""
MAX_CHUNK_LINES: Final = 200
MAX_CHUNK_BYTES: Final = 4 * 1024 * 1024
_UTF_16_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Line(NamedTuple):
    """A line of a file.

    Attributes:
        number: its number in the file, from 1.
        data: its bytes, with the line ending, and without the byte order mark of the file.
        position: its number among the lines that are not blank, from 1; 0 for a blank line.
    """

    number: int
    data: bytes
    position: int = 0


def read_lines(stream: BinaryIO, name: str, max_bytes: int = MAX_LINE_BYTES) -> Iterator[Line]:
    """Yield the lines of a stream. Only a line feed ends a line; a carriage return before it belongs to the ending.

    Arguments:
        stream: the bytes of the file.
        name: the name of the file, for errors.
        max_bytes: the greatest length of a line.

    Raise UsageError if a line is too long, or the file is UTF-16.
    """
    number = position = 0
    while data := stream.readline(max_bytes + 1):
        number += 1
        if len(data) > max_bytes:
            raise UsageError(f"{name}:{number}: the line is longer than {max_bytes:,} bytes; split the file into lines")
        if number == 1:
            data = _remove_mark(data, name)
        is_blank = not data.strip()
        position += not is_blank
        yield Line(number, data, 0 if is_blank else position)


def _remove_mark(data: bytes, name: str) -> bytes:
    """Return the first line without the byte order mark of UTF-8, which many parsers of JSON reject."""
    if data.startswith(_UTF_16_MARKS):
        raise UsageError(f"{name} is UTF-16; convert it to UTF-8")
    return data.removeprefix(codecs.BOM_UTF8)


def split_ending(data: bytes) -> tuple[bytes, bytes]:
    """Return the content of a line and its ending, which is empty for a last line without one."""
    content = data.removesuffix(b"\n")
    content = content.removesuffix(b"\r") if content != data else content
    return content, data[len(content) :]


def chunk_lines(
    lines: Iterable[Line], max_lines: int = MAX_CHUNK_LINES, max_bytes: int = MAX_CHUNK_BYTES
) -> Iterator[list[Line]]:
    """Group lines, so that a process receives many short ones or a few long ones at once."""
    chunk: list[Line] = []
    size = 0
    for line in lines:
        chunk.append(line)
        size += len(line.data)
        if len(chunk) >= max_lines or size >= max_bytes:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk
