"""Policies on a real Ray node: two ingress and two engine replicas, killed in mid-stream, reloaded in all replicas."""

from __future__ import annotations

import http.client
import json
import os
import signal
import urllib.error
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.ray.conftest import POLICY
from tests.support import cli
from tests.support.ray_cluster import RayNode
from tests.support.vllm_server import post
from tests.support.waiting import wait_until

INGRESS = {"plain": "Ingress", "llm": "OpenAiIngress"}
ENGINE = {"plain": "FakeEngine", "llm": "FakeLLMServer"}
MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
FOLDED = [{"role": "user", "content": "Be brief.\n\nHi"}]
ENOUGH = 30
"""Requests after which both of two replicas have answered: the chance of one alone is 1 in 2**29."""


@pytest.fixture(params=["plain", "llm"])
def app(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def request_whole(node: RayNode, app: str, **keys: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """Return an answer and its headers."""
    with open_answer(node, app, **keys) as response:
        return json.loads(response.read()), {name.lower(): value for name, value in response.headers.items()}


def open_answer(node: RayNode, app: str, **keys: Any) -> Any:
    body = {"model": f"{app}-model", "temperature": 1.3, "messages": MESSAGES, **keys}
    return post(f"{node.root}/{app}/v1/chat/completions", body)


def read_chunks(response: Any) -> Iterator[dict[str, Any]]:
    for line in response:
        if line.startswith(b"data: {"):
            yield json.loads(line[6:])


def test_a_whole_answer_is_enforced(node: RayNode, app: str) -> None:
    answer, headers = request_whole(node, app)
    assert (answer["seen"]["temperature"], answer["seen"]["messages"]) == (0.6, FOLDED)
    assert answer["choices"][0]["message"]["content"] == "Hello\n\n\n\nworld"
    assert headers["x-prompt-policy"].startswith("ray-test@")


def test_a_streamed_answer_is_enforced(node: RayNode, app: str) -> None:
    with open_answer(node, app, stream=True) as response:
        data = response.read().decode()
    chunks = [json.loads(line[6:]) for line in data.splitlines() if line.startswith("data: {")]
    assert "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks) == "Hello\n\n\n\nworld"
    assert [chunk["seen"]["temperature"] for chunk in chunks if chunk.get("seen")] == [0.6]
    assert data.endswith("data: [DONE]\n\n")


def test_a_rejected_request_reaches_no_engine(node: RayNode, app: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as raised:
        request_whole(node, app, temperature=0)
    with raised.value as response:
        assert (response.status, json.loads(response.read())["error"]["code"]) == (400, "policy_violation")


def test_all_replicas_answer(node: RayNode, app: str) -> None:
    answers = [request_whole(node, app) for _ in range(ENOUGH)]
    assert len({answer["engine_pid"] for answer, _headers in answers}) == 2
    assert len(node.list_replicas(app, INGRESS[app])) == len(node.list_replicas(app, ENGINE[app])) == 2
    if app == "plain":
        assert {int(headers["x-ingress-pid"]) for _answer, headers in answers} == node.list_replicas(app, "Ingress")


@pytest.mark.parametrize("role", ["engine", "ingress"])
def test_a_replica_is_killed_in_mid_stream(node: RayNode, app: str, role: str) -> None:
    deployment = (ENGINE if role == "engine" else INGRESS)[app]
    before = node.list_replicas(app, deployment)
    with open_answer(node, app, stream=True, messages=[{"role": "user", "content": "slow"}]) as response:
        first = next(read_chunks(response))
        for pid in {first["engine_pid"]} if role == "engine" else before:
            os.kill(pid, signal.SIGKILL)
        assert not is_complete(response)
    enforced: list[bool] = []

    def is_restored() -> bool:
        try:
            answer, _headers = request_whole(node, app)
        except (urllib.error.URLError, ConnectionError, http.client.HTTPException):
            return False
        enforced.append(answer["seen"]["temperature"] == 0.6)
        return len(node.list_replicas(app, deployment)) == 2 and len(enforced) > ENOUGH

    wait_until(is_restored, seconds=120)
    assert all(enforced)
    assert node.list_replicas(app, deployment) != before


def is_complete(response: Any) -> bool:
    """Return whether a stream ends as it should."""
    try:
        return bool(response.read().endswith(b"data: [DONE]\n\n"))
    except (http.client.HTTPException, ConnectionError):
        return False


def test_doctor_reports_that_the_policy_acts(node: RayNode, app: str) -> None:
    done = cli.run("doctor", f"{node.root}/{app}", "--model", f"{app}-model")
    assert done.stdout.splitlines()[-1].startswith("acts:"), done.stdout + done.stderr
    assert done.returncode == 0


def test_settings_with_which_no_policy_could_act_are_errors(node: RayNode) -> None:
    refused = node.facts["refused"]
    assert "engine_kwargs.middleware of model 'llm-model' has no effect" in refused["middleware"]
    assert "RAY_SERVE_LLM_ENABLE_DIRECT_STREAMING=1 serves vLLM's own app" in refused["direct_streaming"]
    assert "bad.yaml:3:19: rules[0].kind: unknown kind 'clam'" in refused["invalid"]


def test_edited_policies_are_reloaded_in_all_replicas(node: RayNode, policy_file: Path) -> None:
    """The last test of the file, because it changes the policy."""
    policy_file.write_text(POLICY.format(maximum=0.4))
    for app in INGRESS:
        wait_until(lambda: is_reloaded(node, app))  # noqa: B023 - called at once


def is_reloaded(node: RayNode, app: str) -> bool:
    """Return whether both ingress replicas have the edited policy."""
    return all(request_whole(node, app)[0]["seen"]["temperature"] == 0.4 for _ in range(ENOUGH))
