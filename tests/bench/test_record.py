"""The record: written line by line, read whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from prompt_policy.bench.record import line_of, read_record
from prompt_policy.errors import UsageError
from tests.bench.making import one, record


def written(path: Path, *more: bytes) -> Path:
    made = record([], count=2)
    path.write_bytes(b"".join([line_of(made.header), line_of(one()), line_of(one("on")), *more]))
    return path


def test_what_is_written_is_read(tmp_path: Path) -> None:
    made = record([], count=2)
    ends = line_of(made.blocks[0]) + line_of(made.ends[0])
    found = read_record(written(tmp_path / "r", ends))
    assert found.header == made.header
    assert list(found.requests.values()) == [one(), one("on")]
    assert (found.blocks, found.ends) == (made.blocks[:1], made.ends)


def test_a_request_that_was_sent_again_stands_once_and_failures_are_not_done(tmp_path: Path) -> None:
    again = line_of(one(content="later")) + line_of(one("on", sample=1, trouble="stream"))
    found = read_record(written(tmp_path / "r", again, line_of(one("off", sample=1, trouble="timeout"))))
    assert found.requests["off", "q0", 0].content == "later"
    assert found.done == {("off", "q0", 0), ("on", "q0", 0), ("off", "q0", 1)}


def test_a_last_line_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    found = read_record(written(tmp_path / "r", b'{"kind": "requ'))
    assert len(found.requests) == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is no record of a run"),
        (b'{"kind": "request"}\n', "is no record of a run"),
        (b"no\n{}\n", "r:1: no JSON object"),
        (b'{"kind": "header", "format": 2}\n', "r: "),
    ],
)
def test_other_files_are_a_line(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "r").write_bytes(content)
    with pytest.raises(UsageError, match=words):
        read_record(tmp_path / "r")


def test_an_unknown_line_and_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"r:4: a line of kind 'x' is not known"):
        read_record(written(tmp_path / "r", b'{"kind": "x"}\n'))
    with pytest.raises(UsageError, match="No such file"):
        read_record(tmp_path / "none")
