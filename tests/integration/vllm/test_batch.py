"""Batches on a real vLLM: ``run-batch`` with a file of ``prompt-policy apply``, and the recipe for ``LLM.chat``.

What vLLM rendered and sampled with is compared, not the generated text: a greedy decoding may differ between two runs.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from tests.support.cli import run
from tests.support.page_files import GUIDES, write_page_files
from tests.support.vllm_server import OFFLINE

ROOT = Path(__file__).parents[3]
MODEL = "DeepSeek-R1-Distill-Tiny"
QUESTION = {
    "model": MODEL,
    "messages": [
        {"role": "system", "content": "Be terse."},
        {"role": "user", "content": "Solve the equation x^2 = 4."},
    ],
    "temperature": 1.5,
    "max_tokens": 8,
}
RENDERED = "<｜User｜>Be terse.\n\nSolve the equation x^2 = 4.\nPlease reason step by step"
OPENED = "<｜Assistant｜><think>\n"


def call_vllm(python: str, *words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program of vLLM's environment that sees this project's source."""
    variables = {**os.environ, **OFFLINE, "PYTHONPATH": str(ROOT / "src")}
    return subprocess.run(
        [python, *words], env=variables, cwd=folder, capture_output=True, text=True, check=False, timeout=600
    )


def dump(*values: Any) -> str:
    return "".join(f"{json.dumps(value)}\n" for value in values)


def load(path: Path) -> dict[str, Any]:
    return {line["custom_id"]: line for line in map(json.loads, path.read_text().splitlines())}


def test_run_batch_answers_what_apply_has_written(vllm_python: str, tiny_model: Path, tmp_path: Path) -> None:
    body = {**QUESTION, "return_prompt_text": True}
    lines = [
        {"custom_id": name, "method": "POST", "url": "/v1/chat/completions", "body": {**body, "n": n}}
        for name, n in (("one", 1), ("two", 2))
    ]
    (tmp_path / "requests.jsonl").write_text(dump(*lines))
    policy = "deepseek-r1-distill"
    applied = run("apply", policy, "requests.jsonl", "-o", "enforced.jsonl", folder=tmp_path)
    assert applied.returncode == 0, applied.stderr

    done = call_vllm(
        vllm_python, "-m", "vllm.entrypoints.openai.run_batch", "-i", "enforced.jsonl", "-o", "answers.jsonl",
        "--model", str(tiny_model), "--served-model-name", MODEL, "--enforce-eager", "--max-model-len", "4096",
        folder=tmp_path,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr[-3000:]
    answers = load(tmp_path / "answers.jsonl")
    for line in lines:
        answer = answers[str(line["custom_id"])]
        assert answer["error"] is None, answer
        assert RENDERED in (prompt := answer["response"]["body"]["prompt_text"])
        assert prompt.endswith(OPENED)
    cleaned = run("apply", policy, "answers.jsonl", "--answers", "requests.jsonl", "-o", "clean.jsonl", folder=tmp_path)
    assert cleaned.returncode == 0, cleaned.stderr
    choices = load(tmp_path / "clean.jsonl")["two"]["response"]["body"]["choices"]
    assert len(choices) == 2
    assert all(choice["message"]["content"].startswith("<think>\n") for choice in choices)


def test_the_recipe_for_offline_chat_renders_what_the_policy_requires(
    vllm_python: str, tiny_model: Path, tmp_path: Path
) -> None:
    assert "offline.py" in write_page_files(GUIDES / "batch.md", tmp_path)
    prefilled = {**QUESTION, "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yo"}]}
    continued = {**prefilled, "continue_final_message": True, "add_generation_prompt": False}
    (tmp_path / "requests.jsonl").write_text(dump(QUESTION, continued, {**QUESTION, "max_tokens": 4}))

    done = call_vllm(vllm_python, "offline.py", str(tiny_model), "requests.jsonl", folder=tmp_path)

    assert done.returncode == 0, done.stderr[-3000:]
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"prompt"')]
    first, second, third = answers
    assert RENDERED in first["prompt"]
    assert first["prompt"].endswith(OPENED)
    assert first["messages"][0]["content"].startswith("<think>\n")
    assert second["prompt"].endswith("<｜Assistant｜>Yo")
    assert third["prompt"] == first["prompt"]
    assert [answer["refusal"] for answer in answers] == ["", "", ""]
