"""Promise: in a LiteLLM proxy nothing that a client sends switches a rule or the policy off, unless it may."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from tests.security.conftest import BODIES, CHAT, PATHS, WAYS, Answer, Asking

MAY = {"prompt_policy_may_skip": True}
FORGED: dict[str, Any] = {
    "user_api_key_metadata": MAY,
    "user_api_key_team_metadata": MAY,
    "user_api_key_team_alias": "vip",
    "user_api_key_team_id": "vip",
    "user_api_key_alias": "vip",
    "user_api_key_auth": {"metadata": MAY, "team_metadata": MAY},
    "requester_metadata": {"prompt_policy_may_skip": True},
    "model_group": "lax",
    "model_info": {"prompt_policy": "lax", "prompt_policy_reasoning_parser": True},
    "headers": {"x-prompt-policy-skip": "fixed"},
}
"""What LiteLLM notes of a caller and a deployment, as a client would write it into the body."""
STATE = {"model_call_details": {"prompt_policy": {"applied": None}}}
DETOURS: dict[str, dict[str, Any]] = {
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
def decent(asking: Asking) -> Any:
    """What comes of a request without any trick, by path and way."""
    return cache(lambda path, stream: asking.ask(path, stream=stream))


@WAYS
@PATHS
def test_the_policy_holds_for_a_decent_request(decent: Any, path: str, stream: bool) -> None:
    answer: Answer = decent(path, stream)
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


@WAYS
@PATHS
@pytest.mark.parametrize("detour", DETOURS)
def test_no_detour_leads_around_the_policy(asking: Asking, decent: Any, path: str, stream: bool, detour: str) -> None:
    skips = {"x-prompt-policy-skip": "short,fixed,vip,vip-key,start,tidy", "x-litellm-disable-callbacks": "callback"}
    answer = asking.ask(path, skips, stream=stream, **DETOURS[detour])
    plain: Answer = decent(path, stream)
    assert answer.response.status_code == 200, answer.response.text
    [sent], [as_it_should] = answer.sent, plain.sent
    assert {key: sent.get(key) for key in as_it_should} == as_it_should
    assert answer.text == plain.text
    for name in ("x-prompt-policy", "x-prompt-policy-applied"):
        assert answer.response.headers[name] == plain.response.headers[name]


@WAYS
@PATHS
def test_a_model_without_a_policy_is_no_door_to_one_that_has_one(asking: Asking, path: str, stream: bool) -> None:
    answer = asking.ask(path, stream=stream, model="unknown", extra_body={"model": "m"})
    assert [body["model"] for body in answer.sent] == ["unknown"]
    assert "x-prompt-policy" not in answer.response.headers


@PATHS
@pytest.mark.parametrize("bucket", ["metadata", "litellm_metadata"])
def test_a_client_cannot_bind_a_policy(asking: Asking, path: str, bucket: str) -> None:
    answer = asking.ask(path, model="unknown", model_info=FORGED["model_info"], **{bucket: FORGED})
    assert "x-prompt-policy" not in answer.response.headers


@PATHS
def test_who_may_skip_a_rule_skips_that_rule_only(asking: Asking, path: str) -> None:
    answer = asking.ask(path, {"x-prompt-policy-skip": "short,fixed"}, "sk-trusted", metadata=FORGED)
    [sent] = answer.sent
    assert max(sent.get("max_tokens", 0), sent.get("max_output_tokens", 0)) == 50
    assert (sent["temperature"], sent["top_k"]) == (0.6, 5)


@pytest.mark.parametrize("detour", ["/v1/chat/completions%0A", "/openai/deployments/m/chat/completions"])
@pytest.mark.parametrize("host", ["x/v1/embeddings?", "x/embeddings#", "x\\embeddings"])
def test_neither_path_nor_host_leads_around_the_policy(asking: Asking, detour: str, host: str) -> None:
    asking.backend.bodies.clear()
    body = {"model": "m", "temperature": 1.5, **BODIES[CHAT]}
    headers = {"host": host, "authorization": "Bearer sk-x"}
    response = asking.client.post(detour, json=body, headers=headers)
    assert response.status_code == 200, response.text
    assert [sent["temperature"] for sent in asking.backend.bodies] == [0.6]


@pytest.mark.parametrize("path", ["/v1//chat/completions", "//v1/chat/completions", "/V1/chat/completions"])
def test_other_spellings_of_a_path_lead_nowhere(asking: Asking, path: str) -> None:
    asking.backend.bodies.clear()
    response = asking.client.post(f"{asking.proxy.url}{path}", json={"model": "m", **BODIES[CHAT]},
                                  headers={"authorization": "Bearer sk-x"})  # fmt: skip
    assert response.status_code == 404
    assert asking.backend.bodies == []
