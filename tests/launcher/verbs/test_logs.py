"""What a vLLM said."""

from __future__ import annotations

from tests.launcher.conftest import Shell


def test_the_end_of_the_log_is_printed(shell: Shell) -> None:
    shell.run("start", "--detach", *shell.fake()[1:])

    assert shell.run("logs", "--lines", "1").stdout == "INFO:     Application startup complete.\n"
    assert len(shell.run("logs", "-n", "20").stdout.splitlines()) == 20


def test_following_ends_with_the_vllm(shell: Shell) -> None:
    shell.run("start", "--detach", *shell.fake()[1:])

    with shell.popen("logs", "-f", "-n", "1") as following:
        assert following.stdout is not None
        assert following.stdout.readline() == "INFO:     Application startup complete.\n"
        shell.run("stop")
        following.communicate(timeout=30)

    assert following.returncode == 0


def test_a_log_that_is_not_there_is_told(shell: Shell) -> None:
    told = shell.run("logs", "none")

    assert (told.returncode, told.stderr) == (2, "no vLLM named 'none' has left a log\n")
