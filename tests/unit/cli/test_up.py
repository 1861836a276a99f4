"""``prompt-policy up`` prints one line and exits with code 2 if nothing can be started."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from prompt_policy.launcher.machine.ports import bind, find_free_port
from prompt_policy.net import LOOPBACK, build_url

COMMAND = str(Path(sys.executable).with_name("prompt-policy"))


def _run_failing(*arguments: str) -> list[str]:
    ended = subprocess.run([COMMAND, "up", *arguments], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    return ended.stderr.splitlines()


def test_a_port_in_use_is_one_line() -> None:
    with bind(LOOPBACK, 0) as taken:
        port = taken.getsockname()[1]
        lines = _run_failing("--port", str(port))

    remedy = "stop the process that listens there, or choose another with --port"
    assert lines == [f"port {port} on 127.0.0.1 is in use; {remedy}"]


def test_an_unreachable_backend_is_one_line() -> None:
    backend = build_url(LOOPBACK, find_free_port(LOOPBACK))

    lines = _run_failing("--port", "0", "--backend", backend)

    assert lines == [f"backend {backend}/v1 cannot be reached: Connection refused"]


def test_a_broken_policy_is_reported_with_its_position(tmp_path: Path) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text("version: 1\nname: broken\nruls: []\n")

    lines = _run_failing("--port", "0", "--policy", str(file))

    assert lines == [f"{file}:3:1: ruls: unknown key 'ruls' (did you mean 'rules'?)"]
