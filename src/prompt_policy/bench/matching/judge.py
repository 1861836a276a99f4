"""Run an external command that judges answers.

The command reads one JSON object from standard input, and prints its verdict. A failure of the command is a result of
its own, and never a wrong answer.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
from typing import Final, Literal, NamedTuple, get_args

from prompt_policy.errors import UsageError
from prompt_policy.wire.codec import dump_json, load_json

JudgeVerdict = Literal["correct", "wrong", "no_answer"]
_VERDICTS: Final[dict[str, JudgeVerdict]] = {verdict: verdict for verdict in get_args(JudgeVerdict)}
_MAX_MESSAGE_CHARS: Final = 200


class JudgedAnswer(NamedTuple):
    """What the judge reads."""

    question: str
    expected: str
    answer: str
    finish_reason: str | None = None


class JudgeResult(NamedTuple):
    """A verdict, or None with the reason why the judge failed."""

    verdict: JudgeVerdict | None
    message: str = ""


class Judge:
    """Judges answers with an external command, which is not run in a shell.

    Arguments:
        command: the command with its arguments, quoted as for a shell.
        timeout_s: the time limit of one answer, in seconds.

    Raise UsageError if the command does not exist.
    """

    def __init__(self, command: str, timeout_s: float) -> None:
        try:
            self._arguments = shlex.split(command)
        except ValueError as error:
            raise UsageError(f"--judge {command}: {str(error).lower()}; quote it as for a shell") from None
        if not self._arguments or shutil.which(self._arguments[0]) is None:
            raise UsageError(f"--judge {command}: no such command; name an executable, with its arguments")
        self._timeout_s = timeout_s

    def judge(self, answer: JudgedAnswer) -> JudgeResult:
        """Return the verdict on an answer. Failures are returned, not raised."""
        try:
            process = subprocess.Popen(
                self._arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            return JudgeResult(None, f"the judge did not start: {error.strerror}")
        try:
            out, err = process.communicate(dump_json(answer._asdict()), self._timeout_s)
        except subprocess.TimeoutExpired:
            return JudgeResult(None, f"the judge gave no verdict within {self._timeout_s:g} s")
        finally:
            _end(process)
        return _read_verdict(process.returncode, out.decode(errors="replace"), err.decode(errors="replace"))


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the command with all processes that it started, and close its pipes."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # all have ended
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):  # of input that the command did not read
                pipe.close()


def _read_verdict(status: int, out: str, err: str) -> JudgeResult:
    if status:
        detail = err.strip().rpartition("\n")[2][:_MAX_MESSAGE_CHARS]
        return JudgeResult(None, f"the judge ended with status {status}{f': {detail}' if detail else ''}")
    value = load_json(out.strip().encode())
    word = value.get("verdict") if isinstance(value, dict) else value if isinstance(value, str) else out.strip()
    if (verdict := _VERDICTS.get(str(word))) is not None:
        return JudgeResult(verdict)
    printed = out.strip()[:_MAX_MESSAGE_CHARS] or "nothing"
    return JudgeResult(None, f"the judge printed {printed} instead of {', '.join(_VERDICTS)}")
