"""The record: written line by line, read as a whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from prompt_policy.bench.record import dump_line, read_record
from prompt_policy.errors import UsageError
from tests.support.records import make_record, make_request


def write_record(path: Path, *more_lines: bytes) -> Path:
    header = make_record([], count=2).header
    lines = [dump_line(header), dump_line(make_request()), dump_line(make_request("on")), *more_lines]
    path.write_bytes(b"".join(lines))
    return path


def test_a_written_record_is_read_back(tmp_path: Path) -> None:
    expected = make_record([], count=2)
    ends = dump_line(expected.blocks[0]) + dump_line(expected.ends[0])
    record = read_record(write_record(tmp_path / "r", ends))
    assert record.header == expected.header
    assert list(record.requests.values()) == [make_request(), make_request("on")]
    assert (record.blocks, record.ends) == (expected.blocks[:1], expected.ends)


def test_a_repeated_request_is_read_once_and_failures_are_not_done(tmp_path: Path) -> None:
    again = dump_line(make_request(content="later")) + dump_line(make_request("on", sample=1, failure="stream"))
    timeout = dump_line(make_request("off", sample=1, failure="timeout"))
    record = read_record(write_record(tmp_path / "r", again, timeout))
    assert record.requests["off", "q0", 0].content == "later"
    assert record.done == {("off", "q0", 0), ("on", "q0", 0), ("off", "q0", 1)}


def test_an_incomplete_last_line_is_ignored(tmp_path: Path) -> None:
    record = read_record(write_record(tmp_path / "r", b'{"kind": "requ'))
    assert len(record.requests) == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not the record of a run"),
        (b'{"kind": "request"}\n', "is not the record of a run"),
        (b"no\n{}\n", "r:1: expected a JSON object"),
        (b'{"kind": "header", "format": 1}\n', "r: "),
    ],
)
def test_other_files_are_rejected(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "r").write_bytes(content)
    with pytest.raises(UsageError, match=message):
        read_record(tmp_path / "r")


def test_an_unknown_line_is_rejected_with_its_number(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"r:4: unknown line of kind 'x'"):
        read_record(write_record(tmp_path / "r", b'{"kind": "x"}\n'))


def test_a_missing_file_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        read_record(tmp_path / "none")
