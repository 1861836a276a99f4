"""``prompt-policy up`` as its users run it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest
from openai import OpenAI

from prompt_policy.launcher.ports import LOOPBACK, free_port
from tests.launcher.made import FAKE_VLLM
from tests.support import MODEL

COMMAND = str(Path(sys.executable).with_name("prompt-policy"))
QUESTION: list[Any] = [
    {"role": "system", "content": "You are a patient tutor."},
    {"role": "user", "content": "Solve the quadratic equation x^2 - 5x + 6 = 0."},
]
BROUGHT_WITHIN = {
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
MARK = "PROMPT_POLICY_TEST_RUN"


def _started(port: int, mark: str, folder: Path) -> subprocess.Popen[str]:
    kept = {
        name: value for name, value in os.environ.items() if name not in ("LITELLM_MASTER_KEY", "PROMPT_POLICY_PATH")
    }
    return subprocess.Popen(
        [COMMAND, "up", "--port", str(port), "--workers", "2"],
        env=kept | {MARK: mark, "TMPDIR": str(folder)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def _running(mark: str) -> list[str]:
    """Return the ids of the processes that bear the mark, found by the environment that children inherit."""
    wanted = f"{MARK}={mark}".encode()
    return [file.parent.name for file in Path("/proc").glob("[0-9]*/environ") if wanted in _read(file)]


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:  # ended meanwhile, or another user's
        return b""


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are found in /proc")
def test_it_gets_ready_answers_and_leaves_nothing_behind(tmp_path: Path) -> None:
    mark, port = uuid.uuid4().hex, free_port(LOOPBACK)

    with _started(port, mark, tmp_path) as up:
        assert up.stdout is not None
        assert up.stdout.readline() == f"ready: http://127.0.0.1:{port}/v1\n", up.communicate()[1]
        snippet = "".join(up.stdout.readline() for _ in range(9))
        key = snippet.partition("Bearer ")[2].partition('"')[0]
        whole, streamed = (_answer(f"http://127.0.0.1:{port}/v1", key, stream=stream) for stream in (False, True))
        assert len(_running(mark)) > 5
        up.terminate()
        _, said = up.communicate()

    assert up.returncode == 0, said
    assert whole == streamed
    assert whole.startswith("<think>\n")
    assert whole.endswith("```\n\nEnd of echo.")
    assert _received(whole) == BROUGHT_WITHIN
    assert "a stand-in that answers with what it received" in said
    assert "policy deepseek-r1-distill@" in said
    assert _running(mark) == []
    assert list(tmp_path.iterdir()) == []


def _answer(base: str, key: str, *, stream: bool) -> str:
    """Return an answer as the OpenAI client reads it, without what the echo tells of streaming itself."""
    with OpenAI(base_url=base, api_key=key) as client:
        if stream:
            chunks = client.chat.completions.create(model=MODEL, messages=QUESTION, temperature=1.3, stream=True)
            text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        else:
            answer = client.chat.completions.create(model=MODEL, messages=QUESTION, temperature=1.3)
            text = answer.choices[0].message.content or ""
    return re.sub(r'  "stream(_options)?": [^}]*?(\},?|true,|false,)\n', "", text)


def _received(answer: str) -> dict[str, Any]:
    return dict(json.loads(answer.partition("```json\n")[2].partition("\n```")[0]))


def test_a_vllm_that_dies_is_told_with_its_cause(tmp_path: Path) -> None:
    fake = f"{sys.executable} {FAKE_VLLM}"
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}

    told = subprocess.run(
        [COMMAND, "up", "--port", "0", "--model", "m", "--command", fake, "--", "--fail", "awq.log", "1"],
        env=environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip

    assert (told.returncode, told.stdout) == (1, "")
    assert "vLLM did not start: the checkpoint was not quantised with awq" in told.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--in-engine"], "options for vLLM need --model"),
        (["--", "--enforce-eager"], "options for vLLM need --model"),
        (["--model", "m", "--backend", "http://127.0.0.1:9"], "give one of them"),
        (["--model", "m", "--python", sys.executable], "no vLLM in the environment of"),
        (["--model", "m", "--command", f"{sys.executable} x", "--in-engine"], "--in-engine: the middleware cannot"),
    ],
)
def test_wrong_words_on_a_vllm_are_told_before_anything_is_started(words: list[str], message: str) -> None:
    told = subprocess.run([COMMAND, "up", *words], capture_output=True, text=True, check=False, timeout=60)

    assert told.returncode == 2
    assert message in told.stderr
    assert "Traceback" not in told.stderr
