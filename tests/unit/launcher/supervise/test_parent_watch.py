"""Commands that do not outlive their parent."""

from __future__ import annotations

import subprocess
import sys

import pytest

from prompt_policy.launcher.supervise import parent_watch

QUIET = "import time; print('up', flush=True); time.sleep(600)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {QUIET}"
WITH_A_CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {STUBBORN!r}])"


PARENT = "import subprocess, sys; subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE).wait()"


def _command(program: str, grace: str) -> list[str]:
    return [sys.executable, "-I", "-S", parent_watch.__file__, grace, sys.executable, "-c", program]


def _start(program: str, grace: str = "60") -> subprocess.Popen[bytes]:
    return subprocess.Popen(_command(program, grace), stdin=subprocess.PIPE, stdout=subprocess.PIPE)


@pytest.mark.parametrize(
    ("program", "status"), [("", 0), ("raise SystemExit(3)", 3), ("import os; os.kill(os.getpid(), 9)", 137)]
)
def test_the_commands_exit_status_is_returned(program: str, status: int) -> None:
    with _start(program) as command:
        assert command.wait() == status


def test_closing_the_pipe_terminates_the_command() -> None:
    with _start(QUIET) as command:
        assert command.stdout is not None
        command.stdout.readline()
        command.communicate()

    assert command.returncode == 128 + 15


@pytest.mark.parametrize("program", [STUBBORN, WITH_A_CHILD])
def test_a_command_that_ignores_sigterm_is_killed(program: str) -> None:
    with _start(program, grace="0.1") as command:
        assert command.stdout is not None
        command.stdout.readline()
        rest, _ = command.communicate()  # ends when nobody holds the pipe: neither the command nor its child

    assert rest == b""
    assert command.returncode > 128


@pytest.mark.parametrize("program", [QUIET, WITH_A_CHILD])
def test_the_command_ends_when_its_parent_is_killed(program: str) -> None:
    command = [sys.executable, "-c", PARENT, *_command(program, "0.1")]

    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        holder.kill()
        rest = holder.stdout.read()  # ends when the command and its child are gone

    assert rest == b""
