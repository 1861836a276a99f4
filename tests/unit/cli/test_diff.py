"""``prompt-policy diff``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.cli import run
from tests.support.policies import chat

TEXT = "version: 1\nname: mine\nrules: [{{name: cool, kind: clamp, parameters: {{temperature: {{max: {}}}}}}}]\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, most in (("a", 0.7), ("b", 0.5)):
        (tmp_path / f"{name}.yaml").write_text(TEXT.format(most))
    (tmp_path / "requests").mkdir()
    (tmp_path / "requests" / "hot.json").write_text(json.dumps(chat("Hi", temperature=1)))
    lines = [json.dumps(chat("Hi", temperature=value)) for value in (0.1, 0.6)]
    (tmp_path / "requests" / "more.jsonl").write_text("\n\n".join(lines))
    return tmp_path


def test_differences_are_listed_by_request(folder: Path) -> None:
    done = run("diff", "a.yaml", "b.yaml", "--requests", "requests", folder=folder)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == (
        "requests/hot.json\n  temperature: 0.7 -> 0.5\n"
        "requests/more.jsonl:3\n  temperature: 0.6 -> 0.5\n"
        "2 of 3 requests are treated differently\n"
    )


def test_equal_policies_have_no_differences(folder: Path) -> None:
    done = run("diff", "a.yaml", "a.yaml", "--requests", "requests", "--format", "json", folder=folder)
    assert done.returncode == 0
    assert json.loads(done.stdout) == {"requests": 3, "different": {}}


@pytest.mark.parametrize(
    ("requests", "message"),
    [
        ("none", "none cannot be read"),
        (".", "contains no requests; add *.json"),
        ("a.yaml", "expected the body of a request"),
    ],
)
def test_missing_requests_are_one_line(folder: Path, requests: str, message: str) -> None:
    done = run("diff", "a.yaml", "b.yaml", "--requests", requests, folder=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
