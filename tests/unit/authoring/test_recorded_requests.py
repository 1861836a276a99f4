"""Requests from files. Unreadable files are tested with the commands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from prompt_policy import UsageError
from prompt_policy.authoring.recorded_requests import parse_request, read_requests
from tests.support.policies import chat


def test_the_endpoint_is_detected_or_given() -> None:
    body = json.dumps(chat("Hi")).encode()
    assert parse_request("x", body).endpoint == "chat"
    assert parse_request("x", body, "messages").endpoint == "messages"


def test_a_folder_yields_the_requests_of_all_its_files(tmp_path: Path) -> None:
    (tmp_path / "b.jsonl").write_text('{"prompt": "1"}\n\n{"input": "2"}\n')
    (tmp_path / "a.json").write_text('{"prompt": "0"}')
    (tmp_path / "notes.txt").write_text("x")
    requests = [(each.name.removeprefix(f"{tmp_path}/"), each.endpoint) for each in read_requests(str(tmp_path))]
    assert requests == [("a.json", "completions"), ("b.jsonl:1", "completions"), ("b.jsonl:3", "responses")]


def test_an_invalid_line_is_reported_with_its_number(tmp_path: Path) -> None:
    (tmp_path / "b.jsonl").write_text('{"prompt": "1"}\n{\n')
    with pytest.raises(UsageError, match=r"b\.jsonl:2: expected the body of a request"):
        list(read_requests(str(tmp_path / "b.jsonl")))
