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

from prompt_policy.launcher.ports import LOOPBACK, free_port, url_of
from tests.httpx.clients import SSE, FakeServer, chunk

COMMAND = str(Path(sys.executable).with_name("prompt-policy"))
Serve = Callable[..., str]


def piped(text: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, "chat", *words], input=text, capture_output=True, text=True, check=False, timeout=60
    )


def test_a_pipe_is_answered_once_in_plain_text(serve: Serve) -> None:
    told = piped("Hi\n", "--base-url", f"{serve()}/v1", "--temperature", "1.3", "--system", "Be brief.")

    assert told.returncode == 0, told.stderr
    assert '"temperature": 0.7' in told.stdout
    assert "Be brief.\\n\\nHi" in told.stdout
    assert told.stdout.endswith("End of echo.\n")
    assert "\x1b" not in told.stdout


def test_no_policy_sends_what_is_typed(serve: Serve) -> None:
    told = piped("Hi", "--base-url", f"{serve()}/v1", "--temperature", "1.3", "--no-policy")

    assert '"temperature": 1.3' in told.stdout


def test_a_server_that_is_not_there_is_one_line_and_exit_code_2() -> None:
    told = piped("Hi", "--base-url", f"{url_of(LOOPBACK, free_port(LOOPBACK))}/v1")

    assert (told.returncode, told.stdout) == (2, "")
    assert "nothing answers at" in told.stderr
    assert "Traceback" not in told.stderr


def _as_in_a_terminal() -> None:
    """Heed Ctrl-C, which what runs in a shell's background ignores, and its children with it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Terminal:
    """A program in a terminal of its own."""

    def __init__(self, *command: str) -> None:
        self._master, slave = pty.openpty()
        environment = {**os.environ, "TERM": "dumb"}
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True,
            preexec_fn=_as_in_a_terminal,  # noqa: PLW1509 - no thread of this test holds a lock
        )  # fmt: skip
        os.close(slave)
        self.seen = ""

    def until(self, pattern: str) -> str:
        """Read until something was said; return what was said before and with it."""
        said = self.within(60, pattern)
        assert said is not None, self.seen
        return said

    def within(self, seconds: float, pattern: str) -> str | None:
        """Read until something was said, or for some time."""
        deadline = time.monotonic() + seconds
        while not (found := re.search(pattern, self.seen, re.DOTALL)):
            if not select.select([self._master], [], [], max(0, deadline - time.monotonic()))[0]:
                return None
            self.seen += os.read(self._master, 4096).decode(errors="replace")
        said, self.seen = self.seen[: found.end()], self.seen[found.end() :]
        return said

    def interrupt_until(self, pattern: str) -> None:
        """Press Ctrl-C, and again where nothing comes of it: readline misses one just after it wrote the prompt."""
        for _ in range(20):
            os.killpg(self.process.pid, signal.SIGINT)
            if self.within(3, pattern) is not None:
                return
        raise AssertionError(self.seen)

    def type(self, text: str) -> None:
        """Type something."""
        os.write(self._master, text.encode())

    def close(self) -> None:
        """End it."""
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
        assert '"role": "assistant"' in terminal.until(r"End of echo\..*> ")  # the conversation goes on

        for typed, answer in (("/reset", "begun anew"), ("/system Be kind.", "Be kind"), ("/help", "/quit ends")):
            terminal.type(f"{typed}\n")
            assert answer in terminal.until("> ")

        terminal.type("Again\n")
        said = terminal.until(r"End of echo\..*> ")
        assert "Be kind." in said
        assert "And now?" not in said

        terminal.type("/quit\n")
        assert terminal.process.wait(20) == 0
    finally:
        terminal.close()


def test_ctrl_c_stops_the_answer_and_not_the_program(serve_app: Callable[[Any], str]) -> None:
    server = FakeServer((200, SSE, [chunk("Hello ")] * 5000), pause_s=0.01)
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


def test_ctrl_c_at_the_prompt_and_ctrl_d(serve: Serve) -> None:
    terminal = Terminal(COMMAND, "chat", "--base-url", f"{serve()}/v1")
    try:
        terminal.until("> ")
        terminal.interrupt_until("> ")
        terminal.type("\x04")
        assert terminal.process.wait(20) == 0
    finally:
        terminal.close()
