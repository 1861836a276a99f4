"""Promise: in a LiteLLM proxy, only permitted clients can skip a rule, and no client can skip the policy."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from tests.security.guarded_proxy import BODIES, CHAT, EACH_PATH, Answer, GuardedProxy
from tests.support.marks import WHOLE_AND_STREAMED

PERMISSION = {"prompt_policy_may_skip": True}
FORGED: dict[str, Any] = {
    "user_api_key_metadata": PERMISSION,
    "user_api_key_team_metadata": PERMISSION,
    "user_api_key_team_alias": "vip",
    "user_api_key_team_id": "vip",
    "user_api_key_alias": "vip",
    "user_api_key_auth": {"metadata": PERMISSION, "team_metadata": PERMISSION},
    "requester_metadata": {"prompt_policy_may_skip": True},
    "model_group": "lax",
    "model_info": {"prompt_policy": "lax", "prompt_policy_reasoning_parser": True},
    "headers": {"x-prompt-policy-skip": "fixed"},
}
"""The data that LiteLLM adds about a caller and a deployment, forged in a client's body."""
STATE = {"model_call_details": {"prompt_policy": {"applied": None}}}
OVERRIDES: dict[str, dict[str, Any]] = {
    "nothing but the header": {},
    "metadata": {"metadata": FORGED},
    "litellm_metadata": {"litellm_metadata": FORGED},
    "litellm_metadata as text": {"litellm_metadata": json.dumps(FORGED)},
    "both": {"metadata": FORGED, "litellm_metadata": FORGED},
    "at the root": FORGED,
    "in extra_body": {"extra_body": {"litellm_metadata": FORGED, "model_info": FORGED["model_info"]}},
    "the deployment": {"model_info": FORGED["model_info"]},
    "the state": {"litellm_logging_obj": STATE, "prompt_policy": {"applied": None}},
    "the request": {
        "proxy_server_request": {"url": "http://x/v1/embeddings", "headers": {"x-prompt-policy-skip": "fixed"}}
    },
    "the callbacks": {"callbacks": [], "litellm_disabled_callbacks": ["PolicyCallback"], "hooks": []},
    "guardrails": {"disable_global_guardrails": True, "metadata": {"disable_global_guardrails": True}},
    "headers for the backend": {"extra_headers": {"x-prompt-policy-skip": "short,fixed"}},
    "parameters in extra_body": {"extra_body": {"temperature": 2, "top_k": 1, "min_p": 0, "seed": 1}},
    "parameters one deeper": {"extra_body": {"extra_body": {"temperature": 2, "top_k": 1}}},
    "parameters elsewhere": {"optional_params": {"temperature": 2}, "litellm_params": {"temperature": 2}},
    "other spellings": {"Temperature": 2, "temperature ": 2, "TOP_K": 1},
    "drops": {"additional_drop_params": ["temperature", "top_k", "seed", "min_p"]},
    "drop_params": {"drop_params": True},
    "another model": {"extra_body": {"model": "lax"}},
    "other groups": {"model_group_alias": {"m": "lax"}, "fallbacks": [{"model": "lax"}]},
}


@pytest.fixture(scope="module")
def ordinary(guarded: GuardedProxy) -> Any:
    """A function that returns the answer to a request without overrides, by path and response mode."""
    return cache(lambda path, stream: guarded.send(path, stream=stream))


@WHOLE_AND_STREAMED
@EACH_PATH
def test_policy_applies_to_an_ordinary_request(ordinary: Any, path: str, stream: bool) -> None:
    answer: Answer = ordinary(path, stream)
    [sent] = answer.sent
    assert [sent[name] for name in ("temperature", "top_k", "min_p", "seed", "repetition_penalty")] == [
        0.6,
        5,
        0.1,
        7,
        1.1,
    ]
    assert max(sent.get("max_tokens", 0), sent.get("max_output_tokens", 0)) == 20
    assert answer.response.headers["x-prompt-policy"].startswith("guarded@")
    whole = {"/v1/completions": "\n\nHello\n\n\n\nworld\n"}.get(path, "<think>\nHello\nworld")
    assert answer.text == whole


@WHOLE_AND_STREAMED
@EACH_PATH
@pytest.mark.parametrize("override", OVERRIDES)
def test_no_override_in_the_body_bypasses_the_policy(
    guarded: GuardedProxy, ordinary: Any, path: str, stream: bool, override: str
) -> None:
    skips = {"x-prompt-policy-skip": "short,fixed,vip,vip-key,start,tidy", "x-litellm-disable-callbacks": "callback"}
    answer = guarded.send(path, skips, stream=stream, **OVERRIDES[override])
    plain: Answer = ordinary(path, stream)
    assert answer.response.status_code == 200, answer.response.text
    [sent], [expected] = answer.sent, plain.sent
    assert {key: sent.get(key) for key in expected} == expected
    assert answer.text == plain.text
    for name in ("x-prompt-policy", "x-prompt-policy-applied"):
        assert answer.response.headers[name] == plain.response.headers[name]


@WHOLE_AND_STREAMED
@EACH_PATH
def test_model_without_policy_gives_no_access_to_another_model(guarded: GuardedProxy, path: str, stream: bool) -> None:
    answer = guarded.send(path, stream=stream, model="unknown", extra_body={"model": "m"})
    assert [body["model"] for body in answer.sent] == ["unknown"]
    assert "x-prompt-policy" not in answer.response.headers


@EACH_PATH
@pytest.mark.parametrize("bucket", ["metadata", "litellm_metadata"])
def test_client_cannot_bind_a_policy(guarded: GuardedProxy, path: str, bucket: str) -> None:
    answer = guarded.send(path, model="unknown", model_info=FORGED["model_info"], **{bucket: FORGED})
    assert "x-prompt-policy" not in answer.response.headers


@EACH_PATH
def test_trusted_client_skips_only_its_rule(guarded: GuardedProxy, path: str) -> None:
    answer = guarded.send(path, {"x-prompt-policy-skip": "short,fixed"}, "sk-trusted", metadata=FORGED)
    [sent] = answer.sent
    assert max(sent.get("max_tokens", 0), sent.get("max_output_tokens", 0)) == 50
    assert (sent["temperature"], sent["top_k"]) == (0.6, 5)


@pytest.mark.parametrize("path", ["/v1/chat/completions%0A", "/openai/deployments/m/chat/completions"])
@pytest.mark.parametrize("host", ["x/v1/embeddings?", "x/embeddings#", "x\\embeddings"])
def test_neither_path_nor_host_bypasses_the_policy(guarded: GuardedProxy, path: str, host: str) -> None:
    guarded.backend.bodies.clear()
    body = {"model": "m", "temperature": 1.5, **BODIES[CHAT]}
    headers = {"host": host, "authorization": "Bearer sk-x"}
    response = guarded.client.post(path, json=body, headers=headers)
    assert response.status_code == 200, response.text
    assert [sent["temperature"] for sent in guarded.backend.bodies] == [0.6]


@pytest.mark.parametrize("path", ["/v1//chat/completions", "//v1/chat/completions", "/V1/chat/completions"])
def test_other_spellings_of_a_path_are_not_found(guarded: GuardedProxy, path: str) -> None:
    guarded.backend.bodies.clear()
    response = guarded.client.post(f"{guarded.proxy.url}{path}", json={"model": "m", **BODIES[CHAT]},
                                  headers={"authorization": "Bearer sk-x"})  # fmt: skip
    assert response.status_code == 404
    assert guarded.backend.bodies == []
