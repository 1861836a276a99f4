"""The places of requests in their file."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from prompt_policy import UsageError
from prompt_policy.authoring.batch.files.request_index import RequestIndex, build_index
from tests.support.policies import chat
from tests.unit.authoring.batch.test_rewriter import REJECT, create, wrap


def build(tmp_path: Path, *lines: Any) -> RequestIndex:
    file = tmp_path / "requests.jsonl"
    data = [line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in lines]
    file.write_bytes(b"".join(data))
    return build_index(file, tmp_path / "index", create(REJECT))


@pytest.mark.parametrize("custom_id", ["a", "é\ud800", "\\ud800", "\x00", "a" * 5000])
def test_a_request_is_found_by_its_identifier(tmp_path: Path, custom_id: str) -> None:
    others = [wrap(chat("no"), custom_id=name) for name in ("b", "é", "\ufffd", "\\")]
    index = build(tmp_path, b"\xef\xbb\xbf\n", *others, wrap(chat("yes"), custom_id=custom_id))
    [line] = index.find_by_custom_id(custom_id)
    assert json.loads(line) == wrap(chat("yes"), custom_id=custom_id)
    assert index.find_by_custom_id("c") == []
    index.close()


def test_positions_count_the_requests_that_are_sent_on(tmp_path: Path) -> None:
    index = build(tmp_path, chat("1"), b"\n", b"broken\n", chat("Hi", tools=[{}]), wrap(chat("2")))
    found = [index.find_by_position(position) for position in (1, 2, 3)]
    assert [line and json.loads(line) for line in found] == [chat("1"), wrap(chat("2")), None]
    assert index.count() == 2
    index.close()


def test_two_requests_with_one_identifier_are_both_found(tmp_path: Path) -> None:
    index = build(tmp_path, wrap(chat("1")), wrap(chat("2")), wrap(chat("3")))
    assert len(index.find_by_custom_id("a")) == 2
    index.close()


def test_a_pickled_index_reads_the_same_files(tmp_path: Path) -> None:
    index = build(tmp_path, chat("1"))
    index.find_by_position(1)
    copied = pickle.loads(pickle.dumps(index))
    assert copied.find_by_position(1) == index.find_by_position(1)
    copied.close()
    index.close()


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="missing cannot be read: No such file"):
        build_index(tmp_path / "missing", tmp_path / "index", create(REJECT))
    with pytest.raises(UsageError, match="is not a regular file"):
        build_index(Path("/dev/null"), tmp_path / "other", create(REJECT))


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    requests = tmp_path / "requests"
    requests.write_text("{}\n")
    with pytest.raises(UsageError, match="the index of .* cannot be written"):
        build_index(requests, tmp_path / "no" / "index", create(REJECT))
