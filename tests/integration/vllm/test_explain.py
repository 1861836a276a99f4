"""``explain --render`` on a real vLLM: the prompt as the model reads it, before and after the policy."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.vllm_server import Server

REQUEST = {
    "model": "plain",
    "temperature": 0,
    "messages": [
        {"role": "system", "content": "Be terse."},
        {"role": "user", "content": "Solve the equation x^2 = 4."},
    ],
}


def explain(server: Server, *words: str) -> subprocess.CompletedProcess[str]:
    """Run ``explain`` on the request, rendered by this server."""
    command = [str(Path(sys.executable).parent / "prompt-policy"), "explain", "deepseek-r1-distill"]
    return subprocess.run(
        [*command, "--request", "-", "--render", server.root, *words],
        input=json.dumps(REQUEST), capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_both_prompts_are_rendered_by_the_template(servers: dict[bool, Server]) -> None:
    result = explain(servers[False], "--format", "json")

    assert result.returncode == 0, result.stderr
    prompt: dict[str, Any] = json.loads(result.stdout)["prompt"]
    assert "Be terse.<｜User｜>Solve the equation x^2 = 4.<｜Assistant｜>" in prompt["before"]
    assert "<｜User｜>Be terse.\n\nSolve the equation x^2 = 4.\nPlease reason step by step" in prompt["after"]
    assert prompt["before"].endswith("<｜Assistant｜>")
    assert prompt["after"].endswith("<｜Assistant｜><think>\n")


def test_the_difference_is_shown(servers: dict[bool, Server]) -> None:
    result = explain(servers[False])

    assert result.returncode == 0, result.stderr
    _, _, shown = result.stdout.partition("prompt as the model sees it:")
    assert any(line.startswith("+") and line.endswith("<think>") for line in shown.splitlines()), result.stdout
