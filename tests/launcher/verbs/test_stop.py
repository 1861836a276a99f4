"""End a vLLM."""

from __future__ import annotations

from tests.launcher.conftest import Shell
from tests.launcher.test_running import alive, gone


def test_it_is_gone_with_all_that_it_started(shell: Shell) -> None:
    shell.run("start", "--detach", *shell.fake()[1:])
    processes = shell.pids()
    assert all(map(alive, processes))

    assert shell.run("stop").stdout == "default: stopped\n"

    assert gone(processes)
    assert shell.run("status").stdout.split()[-3:-1][0] == "ended"


def test_what_does_not_listen_is_killed(shell: Shell) -> None:
    shell.run("start", "--detach", *shell.fake("--stubborn")[1:])
    processes = shell.pids()

    assert shell.run("stop", "--timeout", "1").stdout == "default: killed\n"

    assert gone(processes)


def test_what_does_not_run_is_told_with_what_does(shell: Shell) -> None:
    shell.run("start", "--detach", "--name", "other", *shell.fake()[1:])

    told = shell.run("stop")

    assert told.returncode == 2
    assert told.stderr == "no vLLM named 'default' is running; running: other\n"


def test_nothing_to_stop_is_fine_for_all(shell: Shell) -> None:
    assert (shell.run("stop", "--all").returncode, shell.run("stop", "--all").stdout) == (0, "")
