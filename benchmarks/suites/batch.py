"""``prompt-policy apply`` on a file of a million lines: requests and answers, in one process and in two."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.bodies import MODEL, POLICY
from benchmarks.figures import Figure
from benchmarks.servers.processes import build_environment

LINES: Final = 1_000_000
QUICK_LINES: Final = 20_000
SHORT_LINES: Final = 10_000
"""The lines of the short file, whose memory that of the long file is compared with."""
_QUESTIONS: Final = (
    "Solve the equation {n}x + 7 = 52.",
    "Write a Python function that returns the first {n} primes.",
    "Who wrote the {n}th letter of this collection?",
    "用中文解释第{n}条规则。",
)


class CommandCost(NamedTuple):
    """The cost of one command: time and processor time in seconds, and the peak memory of a process in megabytes."""

    seconds: float
    processor_seconds: float
    megabytes: float


def measure(quick: bool) -> Iterator[Figure]:
    """Yield lines per second and memory; each command runs once."""
    number = QUICK_LINES if quick else LINES
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        long, short = folder / "long.jsonl", folder / "short.jsonl"
        write_requests(long, number)
        write_requests(short, SHORT_LINES)
        before = _run(folder, long=short)
        for jobs in (1, 2):
            cost = _run(folder, "--jobs", str(jobs), long=long)
            yield Figure.of(f"{number:,} requests, {_name_jobs(jobs)}", [cost.seconds], "s")
            yield Figure.of(f"- lines a second, {_name_jobs(jobs)}", [number / cost.seconds], "/s")
            yield Figure.of("- processor time of a line", [1e6 * cost.processor_seconds / number], "µs")
            if jobs == 1:
                yield Figure.of("- peak memory", [cost.megabytes], "MB")
                ratio = cost.megabytes / before.megabytes
                yield Figure.of(f"- peak memory over that of {SHORT_LINES:,} lines", [ratio], at_most=1.2)
        answers = folder / "answers.jsonl"
        write_answers(answers, number)
        cost = _run(folder, "--answers", str(long), "--jobs", "2", long=answers)
        yield Figure.of(f"{number:,} answers with their requests, {_name_jobs(2)}", [cost.seconds], "s")


def write_requests(path: Path, number: int) -> None:
    """Write lines of a batch file: each with a system prompt and a question."""
    with path.open("w") as file:
        for n in range(number):
            messages = [
                {"role": "system", "content": "You are a patient tutor."},
                {"role": "user", "content": _QUESTIONS[n % len(_QUESTIONS)].format(n=n)},
            ]
            body = {"model": MODEL, "messages": messages, "temperature": 1.0, "max_tokens": 1000}
            line = {"custom_id": f"request-{n}", "method": "POST", "url": "/v1/chat/completions", "body": body}
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


def write_answers(path: Path, number: int) -> None:
    """Write the answers to such lines, in reverse order."""
    with path.open("w") as file:
        for n in reversed(range(number)):
            message = {"role": "assistant", "content": "\n\nSo x is 45 / 3.\n</think>\n\n\n\nThe answer is 15."}
            body = {"object": "chat.completion", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
            response = {"status_code": 200, "request_id": f"r-{n}", "body": body}
            line = {"id": f"b-{n}", "custom_id": f"request-{n}", "response": response, "error": None}
            file.write(json.dumps(line) + "\n")


def _run(folder: Path, *words: str, long: Path) -> CommandCost:
    """Apply the policy to a file, and return the cost."""
    program = str(Path(sys.executable).parent / "prompt-policy")
    command = [program, "apply", POLICY, str(long), "--output", str(folder / "out.jsonl"), *words]
    started = time.perf_counter()
    process = subprocess.Popen(command, env=build_environment(folder), stdout=subprocess.DEVNULL)
    _pid, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with status {process.returncode}")
    return CommandCost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def _name_jobs(jobs: int) -> str:
    return "1 process" if jobs == 1 else f"{jobs} processes"
