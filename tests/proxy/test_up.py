"""``prompt-policy up`` as its users run it."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from openai import OpenAI

from prompt_policy.proxy.ports import LOOPBACK, free_port
from tests.support import MODEL

COMMAND = str(Path(sys.executable).with_name("prompt-policy"))
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
        answer = _answer(f"http://127.0.0.1:{port}/v1", snippet.partition("Bearer ")[2].partition('"')[0])
        assert len(_running(mark)) > 5
        up.terminate()
        _, said = up.communicate()

    assert up.returncode == 0, said
    assert '"temperature": 0.7' in answer
    assert "a stand-in that answers with what it received" in said
    assert "policy deepseek-r1-distill@" in said
    assert _running(mark) == []
    assert list(tmp_path.iterdir()) == []


def _answer(base: str, key: str) -> str:
    with OpenAI(base_url=base, api_key=key) as client:
        answer = client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": "Hi"}], temperature=1.3
        )
    return answer.choices[0].message.content or ""
