"""The external command that judges answers."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import psutil
import pytest

from prompt_policy.bench.matching.judge import Judge, JudgedAnswer
from prompt_policy.errors import UsageError
from tests.support.waiting import wait_until

ANSWER = JudgedAnswer("2+2?", "4", "four é", "stop")
READ = "import json, sys; given = json.load(sys.stdin); "


def make_judge(code: str, timeout_s: float = 20) -> Judge:
    return Judge(shlex.join([sys.executable, "-c", code]), timeout_s)


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("print('correct')", "correct"),
        ("print('wrong\\n')", "wrong"),
        ("print('\"no_answer\"')", "no_answer"),
        ("print(json.dumps({'verdict': 'correct', 'why': 'x'}))", "correct"),
        ("print('correct' if given['answer'] == 'four é' else 'wrong')", "correct"),
        (
            "print('correct' if sorted(given) == ['answer', 'expected', 'finish_reason', 'question'] else 'wrong')",
            "correct",
        ),
    ],
)
def test_the_command_reads_json_and_prints_a_verdict(code: str, verdict: str) -> None:
    assert make_judge(READ + code).judge(ANSWER) == (verdict, "")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("print('maybe')", "the judge printed maybe instead of correct, wrong, no_answer"),
        ("pass", "the judge printed nothing instead of correct, wrong, no_answer"),
        ("print('correct'); sys.exit(3)", "the judge ended with status 3"),
        ("raise KeyError('model')", "the judge ended with status 1: KeyError: 'model'"),
        ("print({'verdict': 'correct'})", "the judge printed {'verdict': 'correct'} instead of"),
    ],
)
def test_a_failure_is_not_a_verdict(code: str, message: str) -> None:
    result = make_judge("import sys; " + code).judge(ANSWER)
    assert result.verdict is None
    assert result.message.startswith(message)


def test_a_command_need_not_read_its_input() -> None:
    long = ANSWER._replace(answer="x" * 1_000_000)
    assert make_judge("print('correct')").judge(long).verdict == "correct"


def test_a_timeout_ends_the_command_and_its_children(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    child = f"import os, pathlib, time; pathlib.Path({str(file)!r}).write_text(str(os.getpid())); time.sleep(600)"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    result = make_judge(code, timeout_s=5).judge(ANSWER)
    assert (result.verdict, result.message) == (None, "the judge gave no verdict within 5 s")
    pid = int(file.read_text())
    wait_until(lambda: has_ended(pid))


def has_ended(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.mark.parametrize(
    ("command", "message"), [("no-such-judge x", "no such command"), ("'", "no closing quotation")]
)
def test_an_unusable_command_is_an_error(command: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Judge(command, 1)
