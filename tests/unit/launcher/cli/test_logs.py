"""Print the log of a vLLM."""

from __future__ import annotations

from tests.unit.launcher.conftest import Shell


def test_the_end_of_the_log_is_printed(shell: Shell) -> None:
    shell.run("start", "--detach", *shell.fake_vllm_arguments()[1:])

    assert shell.run("logs", "--lines", "1").stdout == "INFO:     Application startup complete.\n"
    assert len(shell.run("logs", "-n", "20").stdout.splitlines()) == 20


def test_following_ends_when_the_vllm_ends(shell: Shell) -> None:
    shell.run("start", "--detach", *shell.fake_vllm_arguments()[1:])

    with shell.popen("logs", "-f", "-n", "1") as follow_log:
        assert follow_log.stdout is not None
        assert follow_log.stdout.readline() == "INFO:     Application startup complete.\n"
        shell.run("stop")
        follow_log.communicate(timeout=30)

    assert follow_log.returncode == 0


def test_a_missing_log_is_reported(shell: Shell) -> None:
    result = shell.run("logs", "none")

    assert (result.returncode, result.stderr) == (2, "no vLLM named 'none' has a log\n")
