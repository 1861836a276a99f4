"""Policies that change under load: no request is lost, and each obeys one policy in full."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from prompt_policy import load
from tests.e2e.fake_backend import FakeBackend, running
from tests.e2e.proxy import KEY, Proxy, proxy
from tests.vectors.reading import read

TEXT = """version: 1
name: main
applies_to: {{models: ["model-*"]}}
rules:
  - {{name: warm, kind: clamp, parameters: {{temperature: {{value: 0.{version}}}, top_p: {{value: 0.{version}}}}}}}
  - {{name: start, kind: force_opening, text: "<v{version}>"}}
  - {{name: say, kind: append_suffix, text: "Version {version}."}}
"""
OTHER = "version: 1\nname: other\napplies_to: {models: [other]}\nrules: []\n"
BROKEN = "unknown kind 'clmp'"
WORDS = 40


@dataclass
class Said:
    """One request and what came of it."""

    status: int
    policy: str
    content: str
    sent: dict[str, Any]


@dataclass
class Bench:
    """A proxy over a folder of policies, and requests that tell themselves apart."""

    proxy: Proxy
    backend: FakeBackend
    folder: Path
    client: httpx.Client
    numbers: Iterator[int]

    def write(self, version: int) -> str:
        """Write a version of the policy; return its name and hash."""
        file = self.folder / "main.yaml"
        draft = self.folder / ".draft"
        draft.write_text(TEXT.format(version=version))
        draft.rename(file)
        return f"main@{load(file).hash}"

    def ask(self, stream: bool = False) -> Said:
        """Send one request."""
        marker = f"<{next(self.numbers)}>"
        body = {"model": "m", "stream": stream, "messages": [{"role": "user", "content": marker}]}
        answer = self.client.post("/v1/chat/completions", json=body)
        [sent] = [body for body in list(self.backend.bodies) if body["messages"][0]["content"].startswith(marker)]
        content = read("chat", answer.text, stream=stream)["content"] if answer.status_code == 200 else answer.text
        return Said(answer.status_code, answer.headers.get("x-prompt-policy", ""), content, sent)

    def ask_until(self, policy: str) -> None:
        """Ask until every worker has a policy, and no longer than it may take."""
        deadline = time.monotonic() + 30
        fresh = 0
        while fresh < 20:
            assert time.monotonic() < deadline, self.proxy.log[-3000:]
            fresh = fresh + 1 if self.ask().policy == policy else 0


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("policies")
    (folder / "main.yaml").write_text(TEXT.format(version=1))
    (folder / "other.yaml").write_text(OTHER)
    answers: dict[str, Any] = {"model-1": [{"content": f"word{i} "} for i in range(WORDS)]}
    with running(FakeBackend(answers=answers, pause_s=0.02)) as backend:
        parameters = {"model": "hosted_vllm/model-1", "api_base": f"{backend.url}/v1", "api_key": "none"}
        config = {
            "model_list": [{"model_name": "m", "litellm_params": parameters}],
            "litellm_settings": {"callbacks": ["prompt_policy.litellm.callback"], "num_retries": 0},
            "callback_settings": {"prompt_policy": {"path": str(folder)}},
            "general_settings": {"master_key": "os.environ/LITELLM_MASTER_KEY"},
        }
        with (
            proxy(config, tmp_path_factory.mktemp("proxy"), "--num_workers", "2") as made,
            httpx.Client(base_url=made.url, headers={"authorization": f"Bearer {KEY}"}, timeout=60) as client,
        ):
            yield Bench(made, backend, folder, client, count())


def obeyed(said: Said, versions: dict[str, int]) -> None:
    """Check that an answer and what was sent for it are of the one policy that its header names."""
    assert said.status == 200, said.content
    version = versions[said.policy]
    assert (said.sent["temperature"], said.sent["top_p"]) == (version / 10, version / 10)
    assert said.sent["messages"][0]["content"].endswith(f"Version {version}.")
    assert said.sent["messages"][-1]["content"] == f"<v{version}>"
    assert said.content == f"<v{version}>" + "".join(f"word{i} " for i in range(WORDS))


def test_edits_under_load_lose_no_request_and_mix_no_policies(bench: Bench) -> None:
    versions = {bench.write(1): 1}
    asked: list[Future[Said]] = []
    with ThreadPoolExecutor(24) as pool:

        def load_on(seconds: float) -> None:
            until, enough = time.monotonic() + seconds, len(asked) + 50
            while time.monotonic() < until or len(asked) < enough:
                waiting = sum(not future.done() for future in asked)
                asked.extend(pool.submit(bench.ask, len(asked) % 2 == 0) for _ in range(24 - waiting))
                time.sleep(0.01)

        load_on(2)
        second = bench.write(2)
        versions[second] = 2
        load_on(2.5)
        (bench.folder / "main.yaml").write_text("version: 1\nname: main\nrules: [{kind: clmp}]\n")
        deadline = time.monotonic() + 60
        while bench.proxy.log.count(BROKEN) < 2 and time.monotonic() < deadline:
            load_on(1)
        (bench.folder / "other.yaml").unlink()
        load_on(1)
        versions[bench.write(3)] = 3
        load_on(2.5)
        said = [future.result() for future in asked]

    assert len(said) > 200
    for one in said:
        obeyed(one, versions)
    assert {versions[one.policy] for one in said} == {1, 2, 3}
    assert bench.proxy.log.count(BROKEN) == 2, "once in each worker"


def test_every_worker_follows(bench: Bench) -> None:
    for version in (4, 5):
        bench.ask_until(bench.write(version))
