"""Conditions on the caller's key and team, and the permission to skip rules, by LiteLLM's data on the caller."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import yaml

from tests.support.fake_backend import FakeBackend, run_backend
from tests.support.litellm_proxy import run_proxy

AUTH = """
from litellm.proxy._types import UserAPIKeyAuth


async def user_api_key_auth(request, api_key):
    keys = {
        "sk-free": UserAPIKeyAuth(api_key=api_key, key_alias="free-1", team_alias="students", team_id="t-1"),
        "sk-trusted": UserAPIKeyAuth(api_key=api_key, metadata={"prompt_policy_may_skip": ["short"]}),
        "sk-team": UserAPIKeyAuth(api_key=api_key, team_metadata={"prompt_policy_may_skip": True}),
    }
    return keys[api_key]
"""
POLICY = {
    "version": 1,
    "name": "callers",
    "applies_to": {"models": ["m"]},
    "rules": [
        {"name": "short", "kind": "clamp", "may_skip": True, "parameters": {"max_tokens": {"max": 10}}},
        {"name": "fixed", "kind": "clamp", "parameters": {"top_k": {"value": 5}}},
        {
            "name": "cool",
            "kind": "clamp",
            "when": {"team": "Students", "key_alias": "free-*", "tags": "a", "metadata": {"tier": 1}},
            "parameters": {"temperature": {"max": 0.5}},
        },
    ],
}
MESSAGES = [{"role": "user", "content": "Hi"}]


@pytest.fixture(scope="module")
def send(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A function that sends a request with a key, and returns the body that the backend receives."""
    folder = tmp_path_factory.mktemp("proxy")
    (folder / "own_auth.py").write_text(AUTH)
    (folder / "policy.yaml").write_text(yaml.safe_dump(POLICY))
    with run_backend(FakeBackend()) as backend:
        parameters = {"model": "hosted_vllm/m", "api_base": f"{backend.url}/v1", "api_key": "none"}
        config = {
            "model_list": [{"model_name": "m", "litellm_params": parameters}],
            "litellm_settings": {"callbacks": ["prompt_policy.litellm.callback"]},
            "callback_settings": {"prompt_policy": {"path": "policy.yaml"}},
            "general_settings": {"custom_auth": "own_auth.user_api_key_auth"},
        }
        with run_proxy(config, folder) as proxy, httpx.Client(base_url=proxy.url, timeout=60) as client:

            def send(path: str, key: str, skip: str = "", **body: Any) -> dict[str, Any]:
                headers = {"authorization": f"Bearer {key}", **({"x-prompt-policy-skip": skip} if skip else {})}
                answer = client.post(path, json={"model": "m", "max_tokens": 50, **body}, headers=headers)
                assert answer.status_code == 200, answer.text
                return backend.last()

            yield send


@pytest.mark.parametrize(
    ("key", "skip", "short", "fixed"),
    [
        ("sk-free", "short", 10, 5),
        ("sk-trusted", "", 10, 5),
        ("sk-trusted", "short,fixed", 50, 5),
        ("sk-team", "fixed, short", 50, 5),
    ],
)
def test_only_permitted_callers_skip_skippable_rules(send: Any, key: str, skip: str, short: int, fixed: int) -> None:
    sent = send("/v1/chat/completions", key, skip, messages=MESSAGES)
    assert (sent["max_tokens"], sent["top_k"]) == (short, fixed)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
@pytest.mark.parametrize(
    ("key", "metadata", "temperature"),
    [
        ("sk-free", {"tags": ["a"], "tier": 1}, 0.5),
        ("sk-free", {"tags": ["b"], "tier": 1}, 0.9),
        ("sk-trusted", {"tags": ["a"], "tier": 1}, 0.9),
    ],
)
def test_conditions_match_the_key_team_tags_and_metadata(
    send: Any, path: str, key: str, metadata: Any, temperature: float
) -> None:
    sent = send(path, key, messages=MESSAGES, temperature=0.9, metadata=metadata)
    assert sent["temperature"] == temperature
