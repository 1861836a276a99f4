"""Commands that do not outlive who holds them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from prompt_policy.launcher import leash

QUIET = "import time; print('up', flush=True); time.sleep(600)"
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {QUIET}"
WITH_A_CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {DEAF!r}])"


HOLDER = "import subprocess, sys; subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE).wait()"


def _command(program: str, grace: str) -> list[str]:
    return [sys.executable, "-I", "-S", leash.__file__, grace, sys.executable, "-c", program]


def _held(program: str, grace: str = "60") -> subprocess.Popen[bytes]:
    return subprocess.Popen(_command(program, grace), stdin=subprocess.PIPE, stdout=subprocess.PIPE)


@pytest.mark.parametrize(
    ("program", "status"), [("", 0), ("raise SystemExit(3)", 3), ("import os; os.kill(os.getpid(), 9)", 137)]
)
def test_the_commands_status_is_handed_on(program: str, status: int) -> None:
    with _held(program) as held:
        assert held.wait() == status


def test_a_released_command_is_asked_to_end() -> None:
    with _held(QUIET) as held:
        assert held.stdout is not None
        held.stdout.readline()
        held.communicate()

    assert held.returncode == 128 + 15


@pytest.mark.parametrize("program", [DEAF, WITH_A_CHILD])
def test_what_does_not_listen_is_killed(program: str) -> None:
    with _held(program, grace="0.1") as held:
        assert held.stdout is not None
        held.stdout.readline()
        rest, _ = held.communicate()  # ends when nobody holds the pipe: neither the command nor its child

    assert rest == b""
    assert held.returncode > 128


@pytest.mark.parametrize("program", [QUIET, WITH_A_CHILD])
def test_a_killed_holder_takes_the_command_along(program: str) -> None:
    command = [sys.executable, "-c", HOLDER, *_command(program, "0.1")]

    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        holder.kill()
        rest = holder.stdout.read()  # ends when the command and its child are gone

    assert rest == b""
