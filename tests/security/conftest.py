"""A real LiteLLM proxy with callers of different rights, and policies that a client would like to be rid of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import yaml

from tests.e2e.fake_backend import FakeBackend, running
from tests.e2e.proxy import Proxy, proxy
from tests.vectors.reading import read

AUTH = """
from litellm.proxy._types import UserAPIKeyAuth


async def user_api_key_auth(request, api_key):
    rights = {"sk-trusted": {"prompt_policy_may_skip": ["short"]}}.get(api_key, {})
    return UserAPIKeyAuth(api_key=api_key, key_alias="a-key", team_alias="a-team", team_id="t-1", metadata=rights)
"""
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
LAX = {"version": 1, "name": "lax", "applies_to": {"models": ["lax"]}, "rules": []}
CHAT = "/v1/chat/completions"
BODIES: dict[str, dict[str, Any]] = {
    CHAT: {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 50},
    "/v1/completions": {"prompt": "Hi", "max_tokens": 50},
    "/v1/responses": {"input": "Hi", "max_output_tokens": 50},
    "/v1/messages": {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 50},
}
ENDPOINTS = {CHAT: "chat", "/v1/completions": "completions", "/v1/responses": "responses", "/v1/messages": "messages"}
WAYS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
PATHS = pytest.mark.parametrize("path", BODIES)


@dataclass
class Answer:
    """What a client got, and the bodies that the backend got for it."""

    response: httpx.Response
    sent: list[dict[str, Any]]
    text: str


@dataclass
class Asking:
    """A proxy, its backend, and a client that may do as it likes."""

    proxy: Proxy
    backend: FakeBackend
    client: httpx.Client

    def ask(self, path: str, headers: dict[str, str] | None = None, key: str = "sk-x", /, **body: Any) -> Answer:
        """Send a request; what ``body`` gives stands in place of what a decent client sends."""
        self.backend.bodies.clear()
        sent = {"model": "m", "temperature": 1.5, **BODIES[path], **body}
        told = {"authorization": f"Bearer {key}", **(headers or {})}
        response = self.client.post(path, json=sent, headers=told)
        text = ""
        if response.status_code == 200:
            text = read(ENDPOINTS[path], response.text, stream=sent.get("stream") is True)["content"]
        return Answer(response, [dict(body) for body in self.backend.bodies], text)


@pytest.fixture(scope="session")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    """The proxy, for all tests of this folder."""
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "own_auth.py").write_text(AUTH)
    (folder / "policies").mkdir()
    for policy in (GUARDED, LAX):
        (folder / "policies" / f"{policy['name']}.yaml").write_text(yaml.safe_dump(policy))
    pieces = [{"content": "\n\nHello\n"}, {"content": "\n\n\nworld\n"}]
    with (
        running(FakeBackend(answers={"m": pieces})) as backend,
        proxy(_config(backend), folder) as made,
        httpx.Client(base_url=made.url, timeout=60) as client,
    ):
        yield Asking(made, backend, client)


def _config(backend: FakeBackend) -> dict[str, Any]:
    parameters = {"api_base": f"{backend.url}/v1", "api_key": "none"}
    return {
        "model_list": [
            {"model_name": name, "litellm_params": {"model": f"hosted_vllm/{name}", **parameters}}
            for name in ("m", "lax", "unknown")
        ],
        "router_settings": {"disable_cooldowns": True},
        "litellm_settings": {"callbacks": ["prompt_policy.litellm.callback"], "num_retries": 0},
        "callback_settings": {"prompt_policy": {"path": "policies"}},
        "general_settings": {"custom_auth": "own_auth.user_api_key_auth"},
    }
