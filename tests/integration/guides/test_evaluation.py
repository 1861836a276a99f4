"""The files and commands of the guide to evaluations: profiles, and a deployment without the policy."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from prompt_policy.launcher.machine.ports import find_free_port
from prompt_policy.net import LOOPBACK
from tests.support.fake_backend import FakeBackend, run_backend
from tests.support.litellm_proxy import KEY, run_proxy
from tests.support.marks import WHOLE_AND_STREAMED
from tests.support.page_files import GUIDES, write_page_files

COMMAND = str(Path(sys.executable).with_name("prompt-policy"))
PAGE = GUIDES / "evaluation.md"
MODEL = "my-model"
FORM = "Put your final answer within \\boxed{}."
QUESTION = "What is 7*8?"
HEADERS = {"authorization": f"Bearer {KEY}"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the files that the page prints."""
    write_page_files(PAGE, tmp_path)
    return tmp_path


@pytest.fixture
def backend() -> Iterator[FakeBackend]:
    with run_backend(FakeBackend(answers={MODEL: [{"content": "\\boxed{56}"}]})) as backend:
        yield backend


def post(root: str, model: str, *, stream: bool = False) -> httpx.Response:
    body = {"model": model, "messages": [{"role": "user", "content": QUESTION}], "stream": stream}
    answer = httpx.post(f"{root}/chat/completions", json=body, headers=HEADERS, timeout=60, trust_env=False)
    assert answer.status_code == 200, answer.text
    return answer


def read_questions(backend: FakeBackend) -> list[str]:
    """Return the last message of each chat request that the server received."""
    return [body["messages"][-1]["content"] for body in backend.bodies if isinstance(body, dict) and "messages" in body]


@WHOLE_AND_STREAMED
def test_second_name_of_a_deployment_is_without_the_policy(folder: Path, backend: FakeBackend, stream: bool) -> None:
    config = yaml.safe_load((folder / "config.yaml").read_text().replace("http://vllm:8000", backend.url))
    with run_proxy(config, folder) as proxy:
        enforced, raw = (post(f"{proxy.url}/v1", name, stream=stream) for name in (MODEL, "raw"))
    assert enforced.headers["x-prompt-policy-applied"] == "sampling,benchmark-form"
    assert "x-prompt-policy-applied" not in raw.headers
    assert read_questions(backend) == [f"{QUESTION}\n{FORM}", QUESTION]
    assert [body.get("temperature") for body in backend.bodies] == [0.6, None]


@pytest.mark.parametrize("profile", [[], ["--profile", "evaluation"]], ids=["inactive", "active"])
def test_up_activates_a_profile(folder: Path, backend: FakeBackend, profile: list[str]) -> None:
    port = find_free_port(LOOPBACK)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PROMPT_POLICY_")}
    command = [COMMAND, "up", "--backend", backend.url, "--policy", "policies/my-model.yaml", *profile]
    with subprocess.Popen(
        [*command, "--port", str(port)], cwd=folder, env={**inherited, "LITELLM_MASTER_KEY": KEY},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as up:  # fmt: skip
        assert up.stdout is not None
        try:
            root = f"http://{LOOPBACK}:{port}/v1"
            assert up.stdout.readline() == f"ready: {root}\n", up.communicate()[1]
            applied = [post(root, MODEL, stream=stream).headers["x-prompt-policy-applied"] for stream in (False, True)]
        finally:
            up.terminate()
            up.communicate(timeout=60)
    expected = "sampling,benchmark-form" if profile else "sampling"
    assert applied == [expected, expected]
    assert read_questions(backend) == [f"{QUESTION}\n{FORM}" if profile else QUESTION] * 2


def run_bench(folder: Path, backend: FakeBackend, out: str, *words: str) -> dict[str, Any]:
    """Run the benchmark on two questions, and return the summary."""
    (folder / "q.jsonl").write_text("".join(json.dumps({"question": text, "answer": "56"}) + "\n" for text in "ab"))
    command = [
        COMMAND,
        "bench",
        "--base-url",
        f"{backend.url}/v1",
        "--model",
        MODEL,
        "--policy",
        "policies/my-model.yaml",
    ]
    done = subprocess.run(
        [*command, "--questions", "q.jsonl", "--samples", "1", "--warmup", "0", "--out", out, "--json", *words],
        cwd=folder, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    summary: dict[str, Any] = json.loads(done.stdout)
    return summary


def test_bench_activates_a_profile_in_the_arm_with_the_policy(folder: Path, backend: FakeBackend) -> None:
    plain = run_bench(folder, backend, "plain.jsonl")
    assert not any(FORM in text for text in read_questions(backend))
    backend.bodies.clear()

    active = run_bench(folder, backend, "active.jsonl", "--profile", "evaluation")

    measured = [text for text in read_questions(backend) if text.startswith(("a", "b"))]
    assert {*measured} == {"a", "b", f"a\n{FORM}", f"b\n{FORM}"}
    names = [summary["plan"]["policy"] for summary in (plain, active)]
    assert all(name.startswith(f"{MODEL}@") for name in names)
    assert names[0] != names[1]
