"""The policy's headers on LiteLLM's error answers: present where LiteLLM calls its hook for headers."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from prompt_policy.net import LOOPBACK
from tests.integration.litellm_proxy.operators.setup import build_row
from tests.support.fake_backend import FakeBackend, Response, build_json_response, run_backend
from tests.support.litellm_proxy import KEY, Proxy, run_proxy
from tests.support.marks import WHOLE_AND_STREAMED

STATUSES = {"limited": 429, "failing": 500, "refusing": 400, "slow": 408, "gone": 404}
POLICY = """
version: 1
name: steady
applies_to: {models: [limited, failing, refusing, slow, gone]}
rules: [{name: cool, kind: clamp, parameters: {temperature: {value: 0.25}}}]
"""
TURNS: list[Any] = [{"role": "user", "content": "Hi"}]


def fail(_endpoint: str, body: dict[str, Any]) -> Response:
    status = STATUSES[body["model"]]
    return build_json_response({"error": {"message": "the backend fails", "type": "t", "code": str(status)}}, status)


@pytest.fixture(scope="module")
def failing_proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy whose backend always fails, with retries and a fallback to a model without a policy."""
    folder = tmp_path_factory.mktemp("failing")
    (folder / "policy.yaml").write_text(POLICY)
    with run_backend(FakeBackend(respond=fail)) as backend, socket.create_server((LOOPBACK, 0)) as silent:
        stalled = f"http://{LOOPBACK}:{silent.getsockname()[1]}/v1"  # connections wait to be accepted
        config = {
            "model_list": [
                *(build_row(backend, model, model) for model in STATUSES),
                build_row(backend, "falls", "failing"),
                build_row(backend, "plain", "failing", prompt_policy="none"),
                {
                    "model_name": "stalled",
                    "litellm_params": {"model": "hosted_vllm/failing", "api_base": stalled, "api_key": "none"},
                },
            ],
            "litellm_settings": {"callbacks": ["prompt_policy.litellm.callback"], "num_retries": 1},
            "router_settings": {"fallbacks": [{"falls": ["plain"]}], "allowed_fails": 1000, "retry_after": 0},
            "callback_settings": {"prompt_policy": {"path": "policy.yaml"}},
            "general_settings": {"master_key": "os.environ/LITELLM_MASTER_KEY"},
        }
        with run_proxy(config, folder) as proxy:
            yield proxy


def send(proxy: Proxy, path: str, model: str, headers: dict[str, str] | None = None, **body: Any) -> httpx.Response:
    content = {"input": "Hi"} if path == "responses" else {"messages": TURNS}
    return httpx.post(
        f"{proxy.url}/v1/{path}", json={"model": model, "temperature": 0.9, **content, **body},
        headers={"Authorization": f"Bearer {KEY}", **(headers or {})}, timeout=60,
    )  # fmt: skip


@WHOLE_AND_STREAMED
@pytest.mark.parametrize("path", ["chat/completions", "responses"])
@pytest.mark.parametrize("model", STATUSES)
def test_error_of_the_provider_has_the_headers(failing_proxy: Proxy, model: str, path: str, stream: bool) -> None:
    response = send(failing_proxy, path, model, stream=stream)
    assert response.status_code == STATUSES[model]
    assert response.headers["x-prompt-policy"].startswith("steady@")
    assert response.headers["x-prompt-policy-applied"] == "cool"
    assert response.headers["x-prompt-policy-changed"] == "temperature=0.9>0.25"
    assert "x-litellm-call-id" in response.headers


def test_timeout_of_litellm_has_the_headers(failing_proxy: Proxy) -> None:
    response = send(failing_proxy, "chat/completions", "stalled", timeout=1)
    assert response.status_code == 408
    assert response.headers["x-prompt-policy"].startswith("steady@")


def test_fallback_without_a_policy_leaves_no_headers(failing_proxy: Proxy) -> None:
    response = send(failing_proxy, "chat/completions", "falls")
    assert response.status_code == 500
    assert "x-prompt-policy" not in response.headers


def test_error_before_a_deployment_is_chosen_has_no_headers(failing_proxy: Proxy) -> None:
    for model in ("limited", "unknown"):
        response = send(failing_proxy, "chat/completions", model)
    assert response.status_code == 400
    assert "x-prompt-policy" not in response.headers


def test_doctor_receives_its_headers_with_an_error(failing_proxy: Proxy) -> None:
    response = send(failing_proxy, "chat/completions", "failing", {"x-prompt-policy-doctor": "d"})
    assert response.headers["x-prompt-policy-reason"] == "its name matches failing"
    assert response.headers["x-prompt-policy-rules"] == "cool=fired"


@pytest.mark.parametrize("path", ["completions", "messages"])
def test_litellm_calls_no_hook_for_errors_of_other_endpoints(failing_proxy: Proxy, path: str) -> None:
    """If this fails, LiteLLM has begun to call the hook: extend the tests above, and the page for operators."""
    body = {"prompt": "Hi"} if path == "completions" else {"max_tokens": 9}
    response = send(failing_proxy, path, "failing", **body)
    assert response.status_code == 500
    assert "x-prompt-policy" not in response.headers
