"""``prompt-policy apply`` as a user runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import COMMAND, run
from tests.support.policies import chat
from tests.support.signals import restore_interrupt
from tests.unit.authoring.batch.test_rewriter import ANSWER, CLEAN, wrap

POLICY = """
version: 1
name: mine
rules:
  - {name: cool, kind: clamp, parameters: {temperature: {max: 0.7}}}
  - {name: tidy, kind: filter_whitespace, max_blank_lines: 1}
  - {name: no-tools, kind: reject, message: no tools, when: {has_tools: true}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mine.yaml").write_text(POLICY)
    return tmp_path


def dump(*values: Any) -> str:
    return "".join(f"{json.dumps(value)}\n" for value in values)


def load(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


def test_lines_pass_from_standard_input_to_standard_output(folder: Path) -> None:
    lines = dump(wrap(chat("Hi", temperature=2)), chat("Hi"))
    done = run("apply", "mine.yaml", stdin=lines, folder=folder)
    assert done.returncode == 0
    assert load(done.stdout) == [wrap(chat("Hi", temperature=0.7)), chat("Hi")]
    assert done.stderr == "2 lines: 1 changed, 1 unchanged\n  mine/cool  1\n"


def test_rejected_lines_are_reported_and_stored(folder: Path) -> None:
    (folder / "in.jsonl").write_bytes(b"\xef\xbb\xbf" + dump(chat("Hi")).encode() + b"\xff\r\n\n")
    with (folder / "in.jsonl").open("a") as file:
        file.write(dump(chat("Hi", tools=[{}])))
    done = run("apply", "mine.yaml", "in.jsonl", "-o", "out", "--rejects", "no", "--format", "json", folder=folder)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "in.jsonl:2: not UTF-8: invalid start byte at byte 1; convert the file", "in.jsonl:4: no tools"
    ]  # fmt: skip
    counts = json.loads(done.stdout)
    assert (counts["lines"], counts["unchanged"], counts["refused"], counts["invalid"]) == (3, 1, 1, 1)
    assert (folder / "out").read_text() == dump(chat("Hi")) + "\n"
    assert [line["line"] for line in load((folder / "no").read_text())] == [2, 4]


def test_answers_are_cleaned(folder: Path) -> None:
    (folder / "requests.jsonl").write_text(dump(wrap(chat("Hi"), custom_id="x"), wrap(chat("Ho"), custom_id="y")))
    answers = [{"custom_id": name, "response": {"status_code": 200, "body": ANSWER}} for name in "yxz"]
    done = run("apply", "mine.yaml", "--answers", "requests.jsonl", stdin=dump(*answers), folder=folder)
    assert done.returncode == 1
    assert [(line["custom_id"], line["response"]["body"]) for line in load(done.stdout)] == [("y", CLEAN), ("x", CLEAN)]
    assert done.stderr.startswith("<stdin>:3: no request has the custom_id 'z'\n3 lines: 2 changed, 1 not valid\n")


def test_options_reach_the_policy(folder: Path) -> None:
    body = {"model": "m", "input": "Hi", "temperature": 2}
    done = run("apply", "mine.yaml", "--endpoint", "responses", "--backend", "vllm", stdin=dump(body), folder=folder)
    assert load(done.stdout)[0]["temperature"] == 0.7


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["in.jsonl"], "in.jsonl is the file with the lines; name a policy before it"),
        (["mine.yaml", "in.jsonl"], "in.jsonl cannot be read: No such file or directory"),
        (["qwen33"], "qwen33: no such file, folder or shipped policy (did you mean 'qwen3'?)"),
        (["mine.yaml", "-o", "a", "--rejects", "./a"], "--output and --rejects name the same file, a; choose two"),
        (["mine.yaml", "a.jsonl", "--rejects", "./a.jsonl"], "--rejects would replace a.jsonl, which is read"),
        (["mine.yaml", "--answers", "a", "--rejects", "a"], "--rejects would replace a, which is read"),
        (["mine.yaml", "--answers", "a", "-o", "a"], "--output would replace the requests, a; choose another file"),
        (["mine.yaml", "--answers", "no.jsonl"], "no.jsonl cannot be read: No such file or directory"),
        (["mine.yaml", "--backend", "vlm"], "--backend: unknown backend 'vlm'"),
    ],
)
def test_wrong_usage_is_one_line(folder: Path, words: list[str], message: str) -> None:
    done = run("apply", *words, folder=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(message)
    assert done.stderr.count("\n") == 1


def test_a_closed_pipe_ends_the_run_in_silence(folder: Path) -> None:
    (folder / "in.jsonl").write_text(dump(chat("Hi", temperature=2)) * 20_000)
    with subprocess.Popen(
        [COMMAND, "apply", "mine.yaml", "in.jsonl"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["temperature"] == 0.7
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_an_interrupt_leaves_no_file(folder: Path, number: signal.Signals, jobs: str) -> None:
    with subprocess.Popen(
        [COMMAND, "apply", "mine.yaml", "-", "-o", "out", "--rejects", "no", "--jobs", jobs],
        cwd=folder, stdin=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=restore_interrupt,  # noqa: PLW1509 - no thread of this test holds a lock
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stderr is not None
        for _ in range(50):
            process.stdin.write(dump(chat("Hi", temperature=2)).encode() * 100)
        process.stdin.flush()
        _wait_for_parts(folder, 2)
        os.kill(process.pid, number)
        assert process.stderr.read() == b"interrupted; no file was written\n"
        process.stdin.close()
    assert process.returncode == 130
    assert [file.name for file in folder.iterdir()] == ["mine.yaml"]


def _wait_for_parts(folder: Path, count: int) -> None:
    deadline = time.monotonic() + 30
    while len(list(folder.glob(".prompt-policy-*"))) < count:
        assert time.monotonic() < deadline
        time.sleep(0.02)
