"""A real LiteLLM proxy with callers of different permissions, and policies that a hostile client would bypass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.support.fake_backend import FakeBackend
from tests.support.litellm_proxy import Proxy
from tests.support.responses import PATHS, read_texts

AUTH = """
from litellm.proxy._types import UserAPIKeyAuth


async def user_api_key_auth(request, api_key):
    rights = {"sk-trusted": {"prompt_policy_may_skip": ["short"]}}.get(api_key, {})
    return UserAPIKeyAuth(api_key=api_key, key_alias="a-key", team_alias="a-team", team_id="t-1", metadata=rights)
"""
EVIL = "EVIL"
PROMPT = """---
model: other
---
System: EVIL {{text}}
User: Hi
"""
"""A prompt of LiteLLM's prompt management."""
HOSTILE = "evil\r\nset-cookie: a=b,é\x00"
GUARDED: dict[str, Any] = {
    "version": 1,
    "name": "guarded",
    "applies_to": {"models": ["m"]},
    "rules": [
        {"name": "short", "kind": "clamp", "may_skip": True, "parameters": {"max_tokens": {"max": 20}}},
        {"name": "fixed", "kind": "clamp", "parameters": {"top_k": {"value": 5}, "temperature": {"value": 0.6}}},
        {"name": "hostile", "kind": "clamp", "parameters": {HOSTILE: {"default": 1}}},
        {"name": "vip", "kind": "clamp", "when": {"not": {"team": "vip"}}, "parameters": {"min_p": {"value": 0.1}}},
        {"name": "vip-key", "kind": "clamp", "when": {"not": {"key_alias": "vip"}},
         "parameters": {"seed": {"value": 7}}},
        {"name": "team", "kind": "clamp", "when": {"team": "a-*", "key_alias": "a-*"},
         "parameters": {"repetition_penalty": {"value": 1.1}}},
        {"name": "cite", "kind": "append_suffix", "text": "Cite.", "when": {"task": "math"}},
        {"name": "start", "kind": "force_opening", "text": "<think>\n"},
        {"name": "tidy", "kind": "filter_whitespace", "leading": "strip", "trailing": "strip", "max_blank_lines": 0},
    ],
}  # fmt: skip
STRICT: dict[str, Any] = {
    "version": 1,
    "name": "strict",
    "applies_to": {"models": ["strict"]},
    "rules": [
        {"name": "no-evil", "kind": "reject", "message": "no evil", "when": {"system": {"contains": EVIL}}},
        {"name": "cap", "kind": "clamp", "parameters": {
            "max_tokens": {"max": 20, "default": 20}, "temperature": {"value": 0.6}}},
        {"name": "fold", "kind": "fold_system"},
        {"name": "start", "kind": "force_opening", "text": "<think>\n"},
        {"name": "tidy", "kind": "filter_whitespace", "leading": "strip", "trailing": "strip", "max_blank_lines": 0},
    ],
}  # fmt: skip
LAX = {"version": 1, "name": "lax", "applies_to": {"models": ["lax"]}, "rules": []}
CHAT = "/v1/chat/completions"
BODIES: dict[str, dict[str, Any]] = {
    CHAT: {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 50},
    "/v1/completions": {"prompt": "Hi", "max_tokens": 50},
    "/v1/responses": {"input": "Hi", "max_output_tokens": 50},
    "/v1/messages": {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 50},
}
ENDPOINTS = {path: endpoint for endpoint, path in PATHS.items()}
EACH_PATH = pytest.mark.parametrize("path", BODIES)


@dataclass
class Answer:
    """The response to a request, its text, and the bodies that the backend received."""

    response: httpx.Response
    sent: list[dict[str, Any]]
    text: str


@dataclass
class GuardedProxy:
    """A proxy, its backend, and a client that may send anything."""

    proxy: Proxy
    backend: FakeBackend
    client: httpx.Client

    def send(self, path: str, headers: dict[str, str] | None = None, key: str = "sk-x", /, **body: Any) -> Answer:
        """Send a request; ``body`` adds to the body of an ordinary client and replaces its values."""
        self.backend.bodies.clear()
        sent = {"model": "m", "temperature": 1.5, **BODIES[path], **body}
        all_headers = {"authorization": f"Bearer {key}", **(headers or {})}
        try:
            response = self.client.post(path, json=sent, headers=all_headers)
        except httpx.TransportError:  # LiteLLM 1.98 closes the connection after some rejections
            response = self.client.post(path, json=sent, headers=all_headers)
        text = ""
        if response.status_code == 200:
            text = read_texts(ENDPOINTS[path], response.text, stream=sent.get("stream") is True)["content"]
        return Answer(response, [dict(body) for body in self.backend.bodies], text)


def build_config(backend: FakeBackend) -> dict[str, Any]:
    """Return the configuration of the proxy."""
    own_texts = {"litellm_system_prompt": "Be brief.", "ensure_alternating_roles": True}
    azure = {"model": "azure/strict", "api_base": backend.url, "api_version": "2024-06-01"}
    return {
        "model_list": [
            *(_build_deployment(backend, name) for name in ("m", "lax", "unknown", "strict")),
            _build_deployment(backend, "own-texts", model="hosted_vllm/strict", **own_texts),
            {**_build_deployment(backend, "azure-strict", **azure), "model_info": {"prompt_policy_backend": "vllm"}},
            _build_deployment(backend, "contradicted", model="hosted_vllm/strict", text_completion=True),
        ],
        "router_settings": {"disable_cooldowns": True},
        "litellm_settings": {
            "callbacks": ["prompt_policy.litellm.callback", "dotprompt"],
            "global_prompt_directory": "prompts",
            "num_retries": 0,
        },
        "callback_settings": {"prompt_policy": {"path": "policies"}},
        "general_settings": {"custom_auth": "own_auth.user_api_key_auth"},
    }


def _build_deployment(backend: FakeBackend, name: str, **parameters: Any) -> dict[str, Any]:
    own = {"model": f"hosted_vllm/{name}", "api_base": f"{backend.url}/v1", "api_key": "none"}
    return {"model_name": name, "litellm_params": {**own, **parameters}}
