"""``up --model``: from nothing to a policed, streamed answer, and nothing left behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from prompt_policy.launcher.ports import LOOPBACK, free_port
from prompt_policy.launcher.processes import below
from tests.vllm.conftest import NAMES
from tests.vllm.server import OFFLINE, ask

ASKED = {
    "model": NAMES[0],
    "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Solve x^2 - 5x + 6 = 0."}],
    "temperature": 1.3,
    "max_tokens": 16,
    "seed": 1,
}


@pytest.mark.parametrize("way", [[], ["--in-engine"]], ids=["proxy", "in-engine"])
def test_one_command_from_nothing_to_a_policed_answer(
    vllm_python: str, tiny_model: Path, tmp_path: Path, way: list[str]
) -> None:
    port = free_port(LOOPBACK)
    command = [
        str(Path(sys.executable).parent / "prompt-policy"),
        "up",
        "--model",
        str(tiny_model),
        "--port",
        str(port),
    ]
    command += ["--python", vllm_python, *way, "--", "--enforce-eager"]
    kept = {name: value for name, value in os.environ.items() if name not in ("LITELLM_MASTER_KEY", "VLLM_API_KEY")}
    environment = {**kept, **OFFLINE, "XDG_STATE_HOME": str(tmp_path)}
    errors = (tmp_path / "errors").open("w")
    with errors, subprocess.Popen(
        command, env=environment, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors
    ) as up:  # fmt: skip
        assert up.stdout is not None
        first = up.stdout.readline()
        assert first == f"ready: http://127.0.0.1:{port}/v1\n", (tmp_path / "errors").read_text()
        words = "".join(up.stdout.readline() for _ in range(4))  # the curl command
        found = re.search(r"Bearer (\S+)\"", words)
        processes = below(up.pid)

        said = ask(f"http://127.0.0.1:{port}/v1", ASKED, stream=True, key=found[1] if found else "")

        up.send_signal(signal.SIGINT)
        assert up.wait(60) == 0

    assert said.status == 200, said.error
    assert said.headers is not None
    assert said.headers["x-prompt-policy"].startswith("deepseek-r1-distill@")
    assert "no-system-prompt" in said.headers["x-prompt-policy-applied"]
    assert said.reasoning or said.content  # the family's parser is on, and noise lands in the thought
    deadline = time.monotonic() + 20
    while (left := [pid for pid in processes if Path(f"/proc/{pid}").exists()]) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(processes) > 2
    assert left == []
