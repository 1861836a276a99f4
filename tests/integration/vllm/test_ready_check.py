"""A real vLLM without a chat template, and one with a broken template: neither is ready for chats."""

from __future__ import annotations

import shutil
from pathlib import Path

from prompt_policy.launcher.command import LaunchSpec
from prompt_policy.launcher.supervise.ready_check import ReadyCheck, find_refusal
from tests.support.vllm_server import start_server

NAME = "m"
TIMEOUT_S = 120


def copy_model(tiny_model: Path, folder: Path, template: str | None) -> Path:
    shutil.copytree(tiny_model, folder)
    (folder / "chat_template.jinja").unlink()
    if template is not None:
        (folder / "chat_template.jinja").write_text(template)
    return folder


def test_a_base_model_serves_completions_and_refuses_chats(vllm_python: str, tiny_model: Path, tmp_path: Path) -> None:
    model = copy_model(tiny_model, tmp_path / NAME, None)
    words = ("--served-model-name", NAME, "--ready-check", "completions", "--", "--enforce-eager")
    server = start_server(vllm_python, model, tmp_path / "state", NAME, *words, variables={})
    try:
        server.wait_until_ready()
        refusal = find_refusal(LaunchSpec((), {}, server.root, NAME), ReadyCheck.CHAT, timeout_s=TIMEOUT_S)
    finally:
        server.stop()

    assert refusal is not None
    assert (refusal.path, refusal.status) == ("/tokenize", 400)
    assert refusal.diagnose().cause == "the model has no chat template, so it refuses every chat"


def test_a_start_with_a_broken_template_is_never_ready(vllm_python: str, tiny_model: Path, tmp_path: Path) -> None:
    model = copy_model(tiny_model, tmp_path / NAME, "{% for m in messages %}{{ m.content }")
    words = ("--served-model-name", NAME, "--", "--enforce-eager")
    server = start_server(vllm_python, model, tmp_path / "state", NAME, *words, variables={})
    try:
        out, err = server.starting.communicate(timeout=660)
    finally:
        server.stop()

    assert (server.starting.returncode, out) == (1, "")
    assert "vLLM is not ready: its chat template fails, so it refuses every chat" in err
    assert "POST /tokenize: HTTP 400: unexpected '}'" in err
