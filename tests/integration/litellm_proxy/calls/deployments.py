"""Deployments that LiteLLM reaches by a native endpoint or by converting the request, and their policy."""

from __future__ import annotations

from typing import Any

from tests.support.fake_backend import FakeBackend

MODEL = "guarded-model"
OPENING = "<think>\n"
PIECES = [{"content": "\n\nHello\n"}, {"content": "\n\n\nworld\n"}]
FILTERED = "Hello\nworld"
UNFILTERED = "\n\nHello\n\n\n\nworld\n"
POLICY: dict[str, Any] = {
    "version": 1,
    "name": "guarded",
    "applies_to": {"models": [MODEL, f"minimax/{MODEL}"]},
    "rules": [
        {"name": "no-evil", "kind": "reject", "message": "no evil", "when": {"system": {"contains": "EVIL"}}},
        {"name": "cap", "kind": "clamp", "parameters": {"max_tokens": {"max": 20, "default": 20}}},
        {"name": "fixed", "kind": "clamp", "parameters": {"top_k": {"value": 5}, "temperature": {"value": 0.6}}},
        {"name": "cite", "kind": "append_suffix", "text": "Cite."},
        {"name": "fold", "kind": "fold_system"},
        {"name": "start", "kind": "force_opening", "text": OPENING},
        {"name": "tidy", "kind": "filter_whitespace", "leading": "strip", "trailing": "strip", "max_blank_lines": 0},
    ],
}
MIN_P: dict[str, Any] = {
    "version": 1,
    "name": "min-p",
    "rules": [
        {"name": "cool", "kind": "clamp", "parameters": {"temperature": {"value": 0.6}}},
        {"name": "min-p", "kind": "clamp", "parameters": {"min_p": {"value": 0.1}}},
    ],
}
POLICIES = (POLICY, MIN_P)
_VLLM = {"prompt_policy_backend": "vllm"}


def build_config(backend: FakeBackend) -> dict[str, Any]:
    """Return the configuration of the proxy."""
    native_messages = {"supported_endpoints": ["/v1/messages"]}
    return {
        "model_list": [
            _build(backend, "vllm", "hosted_vllm"),
            _build(backend, "openai", "openai"),
            _build(backend, "native-messages", "hosted_vllm", native_messages),
            _build(backend, "minimax", "minimax", api_base=f"{backend.url}/v1/messages"),
            _build(backend, "lm-studio", "lm_studio", _VLLM),
            _build(backend, "vllm-as-chat", "hosted_vllm", use_chat_completions_api=True),
            _build(backend, "responses-only", "openai/responses"),
            _build(backend, "dropping", "hosted_vllm", {**native_messages, "prompt_policy": "min-p"}),
            _build(backend, "plain", "hosted_vllm", model="hosted_vllm/acme"),
            _build(backend, "broken", "hosted_vllm", model="hosted_vllm/broken"),
            _build(backend, "sending", "hosted_vllm", {"prompt_policy": "min-p"}),
        ],
        "router_settings": {"disable_cooldowns": True},
        "litellm_settings": {"callbacks": ["prompt_policy.litellm.callback"], "num_retries": 0},
        "callback_settings": {"prompt_policy": {"path": "policies"}},
        "general_settings": {
            "master_key": "os.environ/LITELLM_MASTER_KEY",
            "pass_through_endpoints": [{"path": "/own", "target": f"{backend.url}/v1/chat/completions"}],
        },
    }


def _build(
    backend: FakeBackend, alias: str, provider: str, model_info: dict[str, Any] | None = None, **parameters: Any
) -> dict[str, Any]:
    base = {"model": f"{provider}/{MODEL}", "api_base": f"{backend.url}/v1", "api_key": "none"}
    return {"model_name": alias, "litellm_params": {**base, **parameters}, "model_info": model_info or {}}
