"""Promise: no keyword of LiteLLM's own in a client's request changes what the policy made of it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest

from prompt_policy.litellm.blocked_overrides.keywords import load_keywords
from tests.security.guarded_proxy import BODIES, CHAT, EACH_PATH, EVIL, Answer, GuardedProxy
from tests.security.keyword_values import VALUES, build_hostile_keywords
from tests.support.marks import WHOLE_AND_STREAMED

REMOVED = sorted(
    name
    for name, keyword in load_keywords().items()
    if keyword.handling in ("removed", "removed_everywhere") and "*" not in name
)
INTERNAL = ["_skip_responses_api_bridge", "_skip_mcp_handler", "_async_prompt_merged_params", "_invented"]
TWO_USERS = {"messages": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]}
CHATS = pytest.mark.parametrize("path", [path for path in BODIES if path != "/v1/completions"])
DEPLOYMENTS = {CHAT: "/openai/deployments/strict/chat/completions"}


@pytest.fixture(scope="module")
def ordinary(guarded: GuardedProxy) -> Any:
    """A function that returns the answer to a request without keywords."""
    return cache(lambda path, stream, model="strict": send(guarded, path, {}, stream, model))


def send(guarded: GuardedProxy, path: str, keywords: Mapping[str, Any], stream: bool, model: str = "strict") -> Answer:
    two = TWO_USERS if "messages" in BODIES[path] else {}
    return guarded.send(path, stream=stream, **{**two, "model": model, **keywords})


@WHOLE_AND_STREAMED
@EACH_PATH
def test_strict_policy_applies_to_an_ordinary_request(ordinary: Any, path: str, stream: bool) -> None:
    answer: Answer = ordinary(path, stream)
    [sent] = answer.sent
    assert (sent["model"], sent["temperature"]) == ("strict", 0.6)
    assert max(sent.get("max_tokens", 0), sent.get("max_output_tokens", 0)) == 20
    if path != "/v1/completions":
        assert answer.text == "<think>\nHello\nworld"


@WHOLE_AND_STREAMED
@CHATS
@pytest.mark.parametrize("keyword", [*REMOVED, *INTERNAL])
def test_keyword_of_a_client_has_no_effect(
    guarded: GuardedProxy, ordinary: Any, keyword: str, path: str, stream: bool
) -> None:
    answer = send(guarded, path, build_hostile_keywords(keyword), stream)
    plain: Answer = ordinary(path, stream)
    if answer.response.status_code >= 400:  # LiteLLM itself rejects some of them
        assert answer.sent == []
        return
    assert answer.sent == plain.sent
    assert answer.text == plain.text
    for name in ("x-prompt-policy", "x-prompt-policy-applied"):
        assert answer.response.headers[name] == plain.response.headers[name]


@pytest.mark.parametrize("keyword", sorted(VALUES))
def test_keyword_has_no_effect_on_text_completions(guarded: GuardedProxy, ordinary: Any, keyword: str) -> None:
    test_keyword_of_a_client_has_no_effect(guarded, ordinary, keyword, "/v1/completions", False)


@WHOLE_AND_STREAMED
@CHATS
def test_managed_prompt_of_a_client_is_refused(guarded: GuardedProxy, path: str, stream: bool) -> None:
    answer = send(guarded, path, {"prompt_id": "evil", "prompt_variables": {"text": EVIL}}, stream)
    assert answer.response.status_code == 400
    assert "prompt_id is not accepted" in answer.response.text
    assert answer.sent == []


@WHOLE_AND_STREAMED
@pytest.mark.parametrize("keywords", [{"deployment_id": "other"}, {"extra_body": {"model": "other"}}, {"azure": False}])
def test_client_reaches_no_other_model_on_azure(guarded: GuardedProxy, stream: bool, keywords: dict[str, Any]) -> None:
    guarded.backend.paths.clear()
    answer = send(guarded, CHAT, keywords, stream, "azure-strict")
    [sent] = answer.sent
    assert guarded.backend.paths == [DEPLOYMENTS[CHAT]]
    assert (sent["model"], sent["temperature"]) == ("strict", 0.6)


@WHOLE_AND_STREAMED
@pytest.mark.parametrize("name", ["models", "deployment_id", "model"])
def test_model_without_policy_reaches_no_other_model(guarded: GuardedProxy, stream: bool, name: str) -> None:
    for keywords in ({name: "strict"}, {"extra_body": {name: "strict"}}):
        if name == "model" and "model" in keywords:
            continue
        answer = send(guarded, CHAT, keywords, stream, "unknown")
        [sent] = answer.sent
        assert sent["model"] == "unknown"
        assert "models" not in sent


@WHOLE_AND_STREAMED
def test_model_without_policy_keeps_the_features_of_litellm(guarded: GuardedProxy, stream: bool) -> None:
    answer = guarded.send(CHAT, model="unknown", litellm_system_prompt="Be brief.", stream=stream)
    [sent] = answer.sent
    assert sent["messages"][0] == {"role": "system", "content": "Be brief."}


@WHOLE_AND_STREAMED
@pytest.mark.parametrize("path", [CHAT, "/v1/messages"])
def test_texts_of_a_deployment_are_added_before_the_policy(guarded: GuardedProxy, path: str, stream: bool) -> None:
    answer = send(guarded, path, {}, stream, "own-texts")
    [sent] = answer.sent
    roles = [turn["role"] for turn in sent["messages"]]
    assert roles == ["user", "assistant", "user", "assistant"]
    assert "Be brief." in sent["messages"][0]["content"]
    assert sent["messages"][-1] == {"role": "assistant", "content": "<think>\n"}
    assert sent["continue_final_message"] is True
    assert answer.text == "<think>\nHello\nworld"


def test_contradicting_deployment_is_reported_at_start(guarded: GuardedProxy) -> None:
    line = "WARNING prompt_policy: deployment contradicted (hosted_vllm/strict): litellm_params.text_completion contra"
    assert line in guarded.proxy.log


def test_removed_keyword_is_logged_once(guarded: GuardedProxy) -> None:
    for _ in range(2):
        send(guarded, CHAT, {"text_completion": True, "_secret": 1}, False)
    log = guarded.proxy.log
    assert log.count("ignored client-supplied text_completion: it would bypass the policy") == 1
    assert "_secret" not in log
