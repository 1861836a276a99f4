"""Which vLLMs there are, and how they are."""

from __future__ import annotations

import json
import sys

from tests.launcher.conftest import Shell


def test_a_ready_one_is_shown_with_its_figures(shell: Shell) -> None:
    shell.run("start", "--detach", *shell.fake()[1:])

    told = shell.run("status", "--format", "json")

    (figures,) = json.loads(told.stdout)
    assert told.returncode == 0
    assert {key: figures[key] for key in ("name", "state", "model", "running", "waiting", "ending")} == {
        "name": "default",
        "state": "ready",
        "model": "m",
        "running": 2,
        "waiting": 1,
        "ending": "",
    }
    assert figures["uptime_s"] >= 0
    if sys.platform == "linux":
        assert figures["memory_bytes"] > 5_000_000
    assert shell.run("status").stdout.splitlines()[0].split()[:4] == ["name", "state", "pid", "uptime"]


def test_one_that_failed_is_shown_with_its_reason(shell: Shell) -> None:
    shell.run(*shell.fake("--fail", "portused.log", "1"))

    told = shell.run("status", "default", "--format", "json")

    (figures,) = json.loads(told.stdout)
    assert (told.returncode, figures["state"]) == (1, "ended")
    assert "the port is taken" in figures["ending"]


def test_a_key_stands_in_no_file(shell: Shell) -> None:
    shell.environment = {**shell.environment, "VLLM_API_KEY": "a-secret-key"}
    shell.run("start", "--detach", *shell.fake()[1:])

    assert shell.run("status").returncode == 0
    for file in shell.folder.rglob("*"):
        assert not file.is_file() or "a-secret-key" not in file.read_text(errors="replace")


def test_a_name_that_is_not_there_is_told(shell: Shell) -> None:
    told = shell.run("status", "none")

    assert (told.returncode, told.stderr) == (2, "no vLLM named 'none' was started here\n")


def test_nothing_is_an_empty_table(shell: Shell) -> None:
    assert shell.run("status").returncode == 0
