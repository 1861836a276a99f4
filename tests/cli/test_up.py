"""``prompt-policy up`` where nothing can be started: one line and exit code 2."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from prompt_policy.launcher.ports import LOOPBACK, bound, free_port, url_of

COMMAND = str(Path(sys.executable).with_name("prompt-policy"))


def _failed(*arguments: str) -> list[str]:
    ended = subprocess.run([COMMAND, "up", *arguments], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    return ended.stderr.splitlines()


def test_a_taken_port_is_one_line() -> None:
    with bound(LOOPBACK, 0) as taken:
        port = taken.getsockname()[1]
        lines = _failed("--port", str(port))

    assert lines == [f"port {port} on 127.0.0.1 is taken: stop what listens there, or choose another with --port"]


def test_a_backend_that_is_not_there_is_one_line() -> None:
    backend = url_of(LOOPBACK, free_port(LOOPBACK))

    lines = _failed("--port", "0", "--backend", backend)

    assert lines == [f"backend {backend}/v1 cannot be reached: Connection refused"]


def test_a_broken_policy_is_told_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text("version: 1\nname: broken\nruls: []\n")

    lines = _failed("--port", "0", "--policy", str(file))

    assert lines == [f"{file}:3:1: ruls: unknown key 'ruls' (did you mean 'rules'?)"]
