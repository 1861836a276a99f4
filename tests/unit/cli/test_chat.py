"""``prompt-policy chat``, in a pipe and in a terminal, against the echo backend."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from prompt_policy.launcher.machine.ports import find_free_port
from prompt_policy.net import LOOPBACK, build_url
from tests.support.fake_answers import SSE, encode_chunk
from tests.support.fake_backend import FakeBackend
from tests.support.signals import restore_interrupt

COMMAND = str(Path(sys.executable).with_name("prompt-policy"))
Serve = Callable[..., str]


def run_piped(text: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, "chat", *words], input=text, capture_output=True, text=True, check=False, timeout=60
    )


def test_piped_input_is_answered_once_in_plain_text(serve: Serve) -> None:
    done = run_piped("Hi\n", "--base-url", f"{serve()}/v1", "--temperature", "1.3", "--system", "Be brief.")

    assert done.returncode == 0, done.stderr
    assert '"temperature": 0.7' in done.stdout
    assert "Be brief.\\n\\nHi" in done.stdout
    assert done.stdout.endswith("End of echo.\n")
    assert "\x1b" not in done.stdout


def test_no_policy_sends_parameters_unchanged(serve: Serve) -> None:
    done = run_piped("Hi", "--base-url", f"{serve()}/v1", "--temperature", "1.3", "--no-policy")

    assert '"temperature": 1.3' in done.stdout


def test_an_unreachable_server_is_one_line_and_exit_code_2() -> None:
    done = run_piped("Hi", "--base-url", f"{build_url(LOOPBACK, find_free_port(LOOPBACK))}/v1")

    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot connect to" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_policy_of_the_server_is_reported_if_there_is_none_here(serve_app: Callable[[Any], str]) -> None:
    chunks = [encode_chunk("Hello")]
    enforcing = FakeBackend((200, {**SSE, "x-prompt-policy": "mine@0123456789ab"}, chunks))
    done = run_piped("Hi", "--base-url", f"{serve_app(enforcing)}/v1", "--model", "m")
    assert (done.returncode, done.stderr) == (0, "(the server applies the policy mine@0123456789ab)\n")

    plain = FakeBackend((200, SSE, chunks))
    done = run_piped("Hi", "--base-url", f"{serve_app(plain)}/v1", "--model", "m")
    assert done.stderr == "model 'm': NO policy, because no pattern matches\n"


class Terminal:
    """A program in a pseudo-terminal of its own."""

    def __init__(self, *command: str) -> None:
        self._master, slave = pty.openpty()
        environment = {**os.environ, "TERM": "dumb"}
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True,
            preexec_fn=restore_interrupt,  # noqa: PLW1509 - no thread of this test holds a lock
        )  # fmt: skip
        os.close(slave)
        self.seen = ""

    def until(self, pattern: str) -> str:
        """Read until the output matches; return the output up to the end of the match."""
        output = self.within(60, pattern)
        assert output is not None, self.seen
        return output

    def within(self, seconds: float, pattern: str) -> str | None:
        """Read until the output matches, or return None after some seconds."""
        deadline = time.monotonic() + seconds
        while not (found := re.search(pattern, self.seen, re.DOTALL)):
            if not select.select([self._master], [], [], max(0, deadline - time.monotonic()))[0]:
                return None
            self.seen += os.read(self._master, 4096).decode(errors="replace")
        output, self.seen = self.seen[: found.end()], self.seen[found.end() :]
        return output

    def interrupt_until(self, pattern: str) -> None:
        """Press Ctrl-C until the output matches: readline misses one just after it prints the prompt."""
        for _ in range(20):
            os.killpg(self.process.pid, signal.SIGINT)
            if self.within(3, pattern) is not None:
                return
        raise AssertionError(self.seen)

    def type(self, text: str) -> None:
        """Type a text."""
        os.write(self._master, text.encode())

    def close(self) -> None:
        """Kill the program and close the terminal."""
        self.process.kill()
        self.process.wait()
        os.close(self._master)


def test_a_conversation_in_a_terminal(serve: Serve) -> None:
    terminal = Terminal(COMMAND, "chat", "--base-url", f"{serve()}/v1")
    try:
        terminal.until("> ")
        terminal.type("Hi\n")
        assert "\x1b[2m<think>" in terminal.until(r"End of echo\..*> ")

        terminal.type("/policy\n")
        assert "x-prompt-policy-applied: sampling,start-thinking" in terminal.until("> ")

        terminal.type("And now?\n")
        assert '"role": "assistant"' in terminal.until(r"End of echo\..*> ")  # the request has the history

        for typed, answer in (("/reset", "started over"), ("/system Be kind.", "Be kind"), ("/help", "/quit exits")):
            terminal.type(f"{typed}\n")
            assert answer in terminal.until("> ")

        terminal.type("Again\n")
        output = terminal.until(r"End of echo\..*> ")
        assert "Be kind." in output
        assert "And now?" not in output

        terminal.type("/quit\n")
        assert terminal.process.wait(20) == 0
    finally:
        terminal.close()


def test_ctrl_c_stops_the_answer_and_not_the_program(serve_app: Callable[[Any], str]) -> None:
    server = FakeBackend((200, SSE, [encode_chunk("Hello ")] * 5000), pause_s=0.01)
    terminal = Terminal(COMMAND, "chat", "--base-url", f"{serve_app(server)}/v1", "--model", "m")
    try:
        terminal.until("> ")
        terminal.type("Hi\n")
        terminal.until("Hello Hello")
        terminal.interrupt_until(r"\(stopped\).*> ")
        terminal.type("Again\n")
        terminal.until("Hello Hello")
        assert [message["content"] for message in server.bodies[-1]["messages"]] == ["Again"]
    finally:
        terminal.close()


def test_ctrl_c_at_the_prompt_is_ignored_and_ctrl_d_exits(serve: Serve) -> None:
    terminal = Terminal(COMMAND, "chat", "--base-url", f"{serve()}/v1")
    try:
        terminal.until("> ")
        terminal.interrupt_until("> ")
        terminal.type("\x04")
        assert terminal.process.wait(20) == 0
    finally:
        terminal.close()
