"""Requests from files; what cannot be read is tested with the verbs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from prompt_policy import UsageError
from prompt_policy.cli._requests import asked, requests_in
from tests.support import chat


def test_the_endpoint_is_told_by_the_shape_or_given() -> None:
    body = json.dumps(chat("Hi")).encode()
    assert asked("x", body).endpoint == "chat"
    assert asked("x", body, "messages").endpoint == "messages"


def test_a_folder_gives_its_files_and_their_lines(tmp_path: Path) -> None:
    (tmp_path / "b.jsonl").write_text('{"prompt": "1"}\n\n{"input": "2"}\n')
    (tmp_path / "a.json").write_text('{"prompt": "0"}')
    (tmp_path / "notes.txt").write_text("x")
    found = [(one.name.removeprefix(f"{tmp_path}/"), one.endpoint) for one in requests_in(str(tmp_path))]
    assert found == [("a.json", "completions"), ("b.jsonl:1", "completions"), ("b.jsonl:3", "responses")]


def test_a_line_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "b.jsonl").write_text('{"prompt": "1"}\n{\n')
    with pytest.raises(UsageError, match=r"b\.jsonl:2: expected a request's body"):
        list(requests_in(str(tmp_path / "b.jsonl")))
