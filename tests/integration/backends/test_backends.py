"""A backend gets what it is known to read, through a real LiteLLM proxy: the bodies that it receives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.fake_backend import FakeBackend, build_json_response, run_backend
from tests.support.litellm_proxy import KEY, Proxy, run_proxy, start_proxy
from tests.support.marks import WHOLE_AND_STREAMED

POLICY = """
version: 1
name: everything
rules:
  - {name: switch, kind: thinking, to: chat_template_kwargs.enable_thinking, default: "on"}
  - name: sample
    kind: clamp
    parameters: {temperature: {max: 0.5}, top_k: {default: 20}, min_tokens: {default: 1}}
  - {name: start, kind: force_opening, text: "<think>\\n", method: prefill}
"""
DEPLOYMENTS: dict[str, tuple[str, str | None]] = {
    "own-vllm": ("hosted_vllm/m", None),
    "own-openai": ("openai/m", None),
    "openai-itself": ("openai/m", "openai"),
    "fireworks": ("fireworks_ai/m", None),
    "fireworks-as-vllm": ("fireworks_ai/m", "vllm"),
    "together": ("together_ai/m", None),
    "llama-server": ("hosted_vllm/m", "llama_cpp"),
    "careful": ("deepseek/m", None),
    "ollama": ("ollama_chat/m", None),
}
FLAGS = {"continue_final_message": True, "add_generation_prompt": False}
SWITCH = {"chat_template_kwargs": {"enable_thinking": True}}
SENT: dict[str, dict[str, Any]] = {
    "own-vllm": {"top_k": 20, "min_tokens": 1, **SWITCH, **FLAGS},
    "own-openai": {"top_k": 20, "min_tokens": 1, **SWITCH, **FLAGS},
    "openai-itself": {},
    "fireworks": {"top_k": 20},
    "fireworks-as-vllm": {"top_k": 20, "min_tokens": 1},
    "together": {"top_k": 20},
    "llama-server": {"top_k": 20, **SWITCH},
    "careful": {},
    "ollama": {"top_k": 20},
}
"""What each backend gets beside the temperature and the client's message."""
OPTIONAL = ("top_k", "min_tokens", "chat_template_kwargs", *FLAGS)
OLLAMA_ANSWER = {
    "model": "m", "created_at": "2026-01-01T00:00:00Z", "message": {"role": "assistant", "content": "Fine."},
    "done": True, "done_reason": "stop", "prompt_eval_count": 1, "eval_count": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def backends() -> Iterator[dict[str, FakeBackend]]:
    """A backend with OpenAI's API, and one that answers as Ollama does."""
    with run_backend(FakeBackend()) as openai, run_backend(FakeBackend(build_json_response(OLLAMA_ANSWER))) as ollama:
        yield {"openai": openai, "ollama": ollama}


@pytest.fixture(scope="module")
def proxy(backends: dict[str, FakeBackend], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy with all deployments."""
    folder = tmp_path_factory.mktemp("proxy")
    (folder / "policy.yaml").write_text(POLICY)
    deployments = [build_deployment(backends, name, *stated) for name, stated in DEPLOYMENTS.items()]
    with run_proxy(build_config(deployments), folder) as proxy:
        yield proxy


def build_config(deployments: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "model_list": deployments,
        "litellm_settings": {"callbacks": ["prompt_policy.litellm.callback"], "num_retries": 0, "drop_params": True},
        "callback_settings": {"prompt_policy": {"path": "policy.yaml"}},
        "general_settings": {"master_key": "os.environ/LITELLM_MASTER_KEY"},
    }


def build_deployment(backends: dict[str, FakeBackend], name: str, model: str, stated: str | None) -> dict[str, Any]:
    base = backends["ollama"].url if name == "ollama" else f"{backends['openai'].url}/v1"
    info = {"prompt_policy": "everything"} | ({"prompt_policy_backend": stated} if stated else {})
    return {
        "model_name": name,
        "litellm_params": {"model": model, "api_base": base, "api_key": "none"},
        "model_info": info,
    }


def post(proxy: Proxy, model: str, **keys: Any) -> httpx.Response:
    body = {"model": model, "messages": [{"role": "user", "content": "Hi"}], "temperature": 1, **keys}
    headers = {"Authorization": f"Bearer {KEY}"}
    return httpx.post(f"{proxy.url}/v1/chat/completions", json=body, headers=headers, timeout=60)


@WHOLE_AND_STREAMED
@pytest.mark.parametrize("name", SENT)
def test_a_backend_gets_what_it_reads(proxy: Proxy, backends: dict[str, FakeBackend], name: str, stream: bool) -> None:
    backend = backends["ollama" if name == "ollama" else "openai"]
    backend.bodies.clear()

    response = post(proxy, name, stream=stream)

    assert response.status_code == 200, response.text
    body = backend.last()
    sent = body.get("options") or body
    assert {key: sent[key] for key in OPTIONAL if key in sent} == SENT[name]
    assert sent["temperature"] == 0.5
    is_prefilled = "continue_final_message" in SENT[name]
    assert [message["content"] for message in body["messages"]] == ["Hi"] + ["<think>\n"] * is_prefilled
    assert ("<think>" in response.text) is is_prefilled
    changed = response.headers["x-prompt-policy-changed"]
    assert {key for key in OPTIONAL if key in changed} == SENT[name].keys()


@pytest.mark.parametrize(
    ("name", "reasons"),
    [
        ("together", ["not known to the backend together_ai: min_tokens",
                      "the backend together_ai is not known to continue a last assistant message"]),
        ("fireworks-as-vllm", ["LiteLLM does not send continue_final_message to fireworks_ai",
                               "not sent to fireworks_ai by LiteLLM: chat_template_kwargs.enable_thinking"]),
        ("careful", ["not known to the backend deepseek: top_k, min_tokens"]),
    ],
)  # fmt: skip
def test_the_decision_contains_the_reasons(proxy: Proxy, name: str, reasons: list[str]) -> None:
    post(proxy, name)
    for reason in reasons:
        assert f'"reason":"{reason}"' in proxy.log


def test_what_the_client_sends_itself_is_bounded_and_sent(proxy: Proxy, backends: dict[str, FakeBackend]) -> None:
    post(proxy, "careful", top_k=7)
    assert backends["openai"].last()["top_k"] == 7


def test_a_misspelled_backend_stops_the_proxy(backends: dict[str, FakeBackend], tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(POLICY)
    deployment = build_deployment(backends, "misspelled", "hosted_vllm/m", "vlm")
    proxy = start_proxy(build_config([deployment]), tmp_path)
    assert proxy.process.wait(120) == 3
    assert proxy.log.rstrip().splitlines()[-1] == (
        "deployment misspelled (hosted_vllm/m): model_info.prompt_policy_backend: unknown backend 'vlm' "
        "(did you mean 'vllm'?); set an engine or a provider of LiteLLM"
    )
