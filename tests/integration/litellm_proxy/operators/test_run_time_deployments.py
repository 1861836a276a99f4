"""Deployments that are added while the proxy runs, as by ``/model/new`` and the database of models."""

from __future__ import annotations

from typing import Any

from tests.integration.litellm_proxy.client import post
from tests.integration.litellm_proxy.operators.setup import build_row
from tests.support.fake_backend import FakeBackend
from tests.support.litellm_proxy import Proxy
from tests.support.waiting import wait_until


def change(proxy: Proxy, **metadata: Any) -> None:
    """Add and remove deployments."""
    response = post(proxy, model="exempt", messages=[{"role": "user", "content": "Hi"}], metadata=metadata)
    assert response.status_code == 200, response.text


def wait_for(proxy: Proxy, text: str, count: int = 1) -> None:
    wait_until(lambda: proxy.log.count(text) >= count, describe=lambda: proxy.log)
    assert proxy.log.count(text) == count


def test_deployment_is_logged_when_it_appears_and_again_after_removal(own_proxy: Proxy, sent: FakeBackend) -> None:
    row = build_row(sent, "added")
    line = "INFO prompt_policy: deployment added (hosted_vllm/acme-7b): policy steady@"
    change(own_proxy, add=[row])
    wait_for(own_proxy, line)
    response = post(own_proxy, model="added", messages=[{"role": "user", "content": "Hi"}])
    assert response.headers["x-prompt-policy"].startswith("steady@")

    twin = {**row, "model_info": {"id": "added-twin"}}
    change(own_proxy, add=[twin, build_row(sent, "marker-1", "unknown-1")])
    wait_for(own_proxy, "deployment marker-1 (hosted_vllm/unknown-1): NO policy")
    assert own_proxy.log.count(line) == 1, "a second deployment of the same alias and model has no line of its own"

    change(own_proxy, remove=["added", "added-twin"], add=[build_row(sent, "marker-2", "unknown-2")])
    wait_for(own_proxy, "deployment marker-2 (hosted_vllm/unknown-2): NO policy")
    change(own_proxy, add=[row])
    wait_for(own_proxy, line, 2)


def test_embedding_model_and_cost_map_models_without_prompts_have_no_line(own_proxy: Proxy, sent: FakeBackend) -> None:
    known = build_row(sent, "known-vectors")
    known["litellm_params"]["model"] = "openai/text-embedding-3-small"
    rows = [build_row(sent, "own-vectors", "own", mode="embedding"), known, build_row(sent, "marker-3", "unknown-3")]
    change(own_proxy, add=rows)
    wait_for(own_proxy, "deployment marker-3 (hosted_vllm/unknown-3): NO policy")
    assert "deployment own-vectors" not in own_proxy.log
    assert "deployment known-vectors" not in own_proxy.log


def test_binding_that_is_not_understood_refuses_the_requests_of_a_later_deployment(
    own_proxy: Proxy, sent: FakeBackend
) -> None:
    change(own_proxy, add=[build_row(sent, "added-wrong", prompt_policy=5)])
    wait_for(
        own_proxy,
        "ERROR prompt_policy: deployment added-wrong (hosted_vllm/acme-7b): requests are refused: "
        "model_info.prompt_policy is a number, not the name of a policy",
    )
    sent.bodies.clear()
    response = post(own_proxy, model="added-wrong", messages=[{"role": "user", "content": "Hi"}])
    assert "deployment added-wrong: model_info.prompt_policy is a number" in response.json()["error"]["message"]
    assert sent.bodies == []
