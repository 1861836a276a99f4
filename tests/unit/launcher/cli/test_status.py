"""List the vLLMs and their state."""

from __future__ import annotations

import json
import os
import signal

from tests.unit.launcher.conftest import Shell


def test_a_ready_vllm_is_shown_with_its_values(shell: Shell) -> None:
    shell.run("start", "--detach", *shell.fake_vllm_arguments()[1:])

    result = shell.run("status", "--format", "json")

    (row,) = json.loads(result.stdout)
    assert result.returncode == 0
    assert {key: row[key] for key in ("name", "state", "model", "running", "waiting", "ending")} == {
        "name": "default",
        "state": "ready",
        "model": "m",
        "running": 2,
        "waiting": 1,
        "ending": "",
    }
    assert row["uptime_s"] >= 0
    assert row["memory_bytes"] > 5_000_000
    assert shell.run("status").stdout.splitlines()[0].split()[:4] == ["name", "state", "pid", "uptime"]


def test_a_failed_vllm_is_shown_with_its_cause(shell: Shell) -> None:
    shell.run(*shell.fake_vllm_arguments("--fail", "portused.log", "1"))

    result = shell.run("status", "default", "--format", "json")

    (row,) = json.loads(result.stdout)
    assert (result.returncode, row["state"], row["exit_code"]) == (1, "ended", 1)
    assert "the port is in use" in row["ending"]
    assert shell.run("status").stdout.splitlines()[2:] == [
        "default ended with exit code 1: vLLM did not start: the port is in use",
        "  what to do: stop the process that listens there, or choose another with --port",
        "    | OSError: [Errno 98] Address already in use",
        f"  the whole log: {row['log']}",
    ]


def test_a_stopped_vllm_is_shown_with_the_signal(shell: Shell) -> None:
    shell.run("start", "--detach", *shell.fake_vllm_arguments()[1:])
    shell.run("stop")

    assert shell.run("status").stdout.splitlines()[-1] == "default ended with exit code 0: SIGTERM: stopping"


def test_a_dead_vllm_is_shown_with_its_log(shell: Shell) -> None:
    shell.run("start", "--detach", *shell.fake_vllm_arguments()[1:])
    (row,) = json.loads(shell.run("status", "--format", "json").stdout)
    os.kill(row["pid"], signal.SIGKILL)

    assert shell.run("status").stdout.splitlines()[-1] == (
        f"default is dead: its supervisor was killed before it recorded why; read {row['log']}"
    )


def test_no_file_contains_the_key(shell: Shell) -> None:
    shell.environment = {**shell.environment, "VLLM_API_KEY": "a-secret-key"}
    shell.run("start", "--detach", *shell.fake_vllm_arguments()[1:])

    assert shell.run("status").returncode == 0
    for file in shell.folder.rglob("*"):
        assert not file.is_file() or "a-secret-key" not in file.read_text(errors="replace")


def test_an_unknown_name_is_reported(shell: Shell) -> None:
    result = shell.run("status", "none")

    assert (result.returncode, result.stderr) == (2, "no vLLM named 'none' was started here\n")


def test_without_vllms_the_table_is_empty(shell: Shell) -> None:
    assert shell.run("status").returncode == 0
