"""Stop a vLLM."""

from __future__ import annotations

from tests.unit.launcher.conftest import Shell
from tests.unit.launcher.supervise.test_vllm_process import all_ended, is_alive


def test_stopping_ends_all_processes(shell: Shell) -> None:
    shell.run("start", "--detach", *shell.fake_vllm_arguments()[1:])
    processes = shell.pids()
    assert all(map(is_alive, processes))

    assert shell.run("stop").stdout == "default: stopped\n"

    assert all_ended(processes)
    assert shell.run("status").stdout.splitlines()[1].split()[:2] == ["default", "ended"]


def test_a_process_that_ignores_sigterm_is_killed(shell: Shell) -> None:
    shell.run("start", "--detach", *shell.fake_vllm_arguments("--stubborn")[1:])
    processes = shell.pids()

    assert shell.run("stop", "--timeout", "1").stdout == "default: killed\n"

    assert all_ended(processes)


def test_an_unknown_name_is_reported_with_running_names(shell: Shell) -> None:
    shell.run("start", "--detach", "--name", "other", *shell.fake_vllm_arguments()[1:])

    result = shell.run("stop")

    assert result.returncode == 2
    assert result.stderr == "no vLLM named 'default' is running; running: other\n"


def test_stopping_all_without_vllms_succeeds(shell: Shell) -> None:
    assert (shell.run("stop", "--all").returncode, shell.run("stop", "--all").stdout) == (0, "")
