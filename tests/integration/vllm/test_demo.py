"""``up --demo``: one command leads to an answer of a real model without a policy, and one with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from prompt_policy.launcher.machine.vllm_install import PYTHON_VARIABLE
from prompt_policy.proxy.demo.weights import MODEL_NAME
from tests.support import vllm_environment
from tests.support.vllm_server import OFFLINE

ROOT = Path(__file__).parents[3]
COMMAND = [str(Path(sys.executable).parent / "prompt-policy"), "up", "--demo", "--port", "0"]


def test_one_command_prints_both_answers(vllm_python: str, tmp_path: Path) -> None:
    variables = {"XDG_STATE_HOME": str(tmp_path), "XDG_CACHE_HOME": str(vllm_environment.FOLDER), "COLUMNS": "100"}
    inherited = {name: value for name, value in os.environ.items() if name != "LITELLM_MASTER_KEY"}
    with (tmp_path / "errors").open("w") as errors, subprocess.Popen(
        [*COMMAND, "--python", vllm_python], env={**inherited, **OFFLINE, **variables}, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors,
    ) as up:  # fmt: skip
        assert up.stdout is not None
        lines: list[str] = []
        while not lines or not lines[-1].startswith("└"):
            line = up.stdout.readline()
            assert line, f"{lines}\n{(tmp_path / 'errors').read_text()}"
            lines.append(line)
        up.send_signal(signal.SIGINT)
        assert up.wait(60) == 0

    readme = (ROOT / "README.md").read_text(encoding="utf-8").splitlines(keepends=True)
    fixed = ("SmolLM2", "┏", "┃", "┡", "├", "│" + " " * 48 + "│", "└")  # the answers differ between builds of vLLM
    assert [line for line in lines if line.startswith(fixed)] == [line for line in readme if line.startswith(fixed)]
    rows = [[cell.strip() for cell in line.strip("│\n").split("│")] for line in lines if line.startswith("│")]
    direct, enforced = (" ".join(row[column] for row in rows) for column in (0, 1))
    assert lines[0].startswith("ready: http://127.0.0.1:")
    assert MODEL_NAME in "".join(lines)
    assert "sea" in enforced
    assert "temperature=1.5>0.2,top_p=unset>0.9" in enforced
    assert direct
    assert direct not in enforced


@pytest.mark.parametrize("flag", [["--model", "m"], ["--backend", "http://127.0.0.1:1"], ["--in-engine"]])
def test_it_excludes_another_server(flag: list[str]) -> None:
    done = subprocess.run([*COMMAND, *flag], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--demo starts a model of its own behind the proxy; remove --model, --backend, --in-engine" in done.stderr


def test_without_vllm_it_says_how_to_get_one(tmp_path: Path) -> None:
    inherited = {name: value for name, value in os.environ.items() if name != PYTHON_VARIABLE}
    environment = {**inherited, "PATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path), "COLUMNS": "200"}
    done = subprocess.run(COMMAND, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 2
    assert "no vLLM found" in done.stderr
    assert "prompt-policy vllm install vllm-env" in done.stderr
    assert list(tmp_path.iterdir()) == [], "nothing was downloaded"
