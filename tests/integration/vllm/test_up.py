"""``up --model``: one command leads to a streamed answer within the policy, and leaves no process behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from prompt_policy.launcher.machine.ports import find_free_port
from prompt_policy.launcher.machine.processes import descendants
from prompt_policy.net import LOOPBACK
from tests.integration.vllm.conftest import NAMES
from tests.support.vllm_server import OFFLINE, request_answer

REQUEST = {
    "model": NAMES[0],
    "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Solve x^2 - 5x + 6 = 0."}],
    "temperature": 1.3,
    "max_tokens": 16,
    "seed": 1,
}


@pytest.mark.parametrize("flags", [[], ["--in-engine"]], ids=["proxy", "in-engine"])
def test_one_command_leads_to_an_answer_within_the_policy(
    vllm_python: str, tiny_model: Path, tmp_path: Path, flags: list[str]
) -> None:
    port = find_free_port(LOOPBACK)
    command = [
        str(Path(sys.executable).parent / "prompt-policy"),
        "up",
        "--model",
        str(tiny_model),
        "--port",
        str(port),
    ]
    command += ["--python", vllm_python, *flags, "--", "--enforce-eager"]
    inherited = {
        name: value for name, value in os.environ.items() if name not in ("LITELLM_MASTER_KEY", "VLLM_API_KEY")
    }
    environment = {**inherited, **OFFLINE, "XDG_STATE_HOME": str(tmp_path)}
    errors = (tmp_path / "errors").open("w")
    with errors, subprocess.Popen(
        command, env=environment, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors
    ) as up:  # fmt: skip
        assert up.stdout is not None
        first = up.stdout.readline()
        assert first == f"ready: http://127.0.0.1:{port}/v1\n", (tmp_path / "errors").read_text()
        words = "".join(up.stdout.readline() for _ in range(4))  # the curl command
        found = re.search(r"Bearer (\S+)\"", words)
        processes = descendants(up.pid)

        answer = request_answer(f"http://127.0.0.1:{port}/v1", REQUEST, stream=True, key=found[1] if found else "")

        up.send_signal(signal.SIGINT)
        assert up.wait(60) == 0

    assert "policy deepseek-r1-distill@" in (tmp_path / "errors").read_text()
    assert answer.status == 200, answer.error
    assert answer.headers is not None
    assert answer.headers["x-prompt-policy"].startswith("deepseek-r1-distill@")
    assert "no-system-prompt" in answer.headers["x-prompt-policy-applied"]
    assert answer.reasoning or answer.content  # the policy sets a reasoning parser, so noise may be reasoning
    deadline = time.monotonic() + 20
    while (remaining := [pid for pid in processes if Path(f"/proc/{pid}").exists()]) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(processes) > 2
    assert remaining == []
