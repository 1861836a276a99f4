"""Tests of parsing LiteLLM's keyword arguments."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from prompt_policy.conditions.context import RequestContext
from prompt_policy.litellm.call import DeploymentCall
from prompt_policy.wire.backends import NO_LIMITS

R1 = "hosted_vllm/deepseek-ai/DeepSeek-R1"


def build_context(kwargs: dict[str, Any]) -> RequestContext:
    return DeploymentCall.from_kwargs(kwargs).build_context()


def test_every_part_is_read_from_litellms_place() -> None:
    body = {"model": "r1", "temperature": 1}
    request = {"url": "http://localhost:4000/v1/chat/completions?beta=true", "headers": {"a": "b"}, "body": body}
    kwargs = {
        "model": R1,
        "temperature": 1,
        "model_info": {"id": "1"},
        "metadata": {"model_group": "r1"},
        "proxy_server_request": request,
    }
    assert DeploymentCall.from_kwargs(kwargs) == DeploymentCall(
        kwargs=kwargs,
        body=kwargs,
        model=R1,
        alias="r1",
        model_info={"id": "1"},
        route="/v1/chat/completions",
        headers={"a": "b"},
        client_body=body,
        metadata={"model_group": "r1"},
        is_proxied=True,
    )


@pytest.mark.parametrize("wrong", [None, 1, [], "x", object()])
def test_part_of_an_unexpected_type_is_empty(wrong: Any) -> None:
    names = ("model_info", "metadata", "litellm_metadata", "proxy_server_request")
    request = dict.fromkeys(("url", "headers", "body"), wrong if not isinstance(wrong, str) else 1)
    for kwargs in ({}, dict.fromkeys(names, wrong), {"proxy_server_request": request}):
        call = DeploymentCall.from_kwargs({**kwargs, "model": None})
        assert call[2:-1] == ("", "", {}, "", {}, {}, {})
        context = call.build_context()._replace(**NO_LIMITS._asdict())
        assert context == RequestContext(model="", allowed_skips=())


def test_answer_is_visible_in_a_proxy_only() -> None:
    proxied = DeploymentCall.from_kwargs({"proxy_server_request": {"url": "http://localhost/v1/chat/completions"}})
    assert proxied.is_proxied
    assert "visible_answer" not in proxied.build_context().obstacles
    for of_the_sdk in ({}, {"proxy_server_request": None}):
        call = DeploymentCall.from_kwargs(of_the_sdk)
        assert not call.is_proxied
        assert "visible_answer" in call.build_context().obstacles


def test_body_without_extra_body_is_the_arguments() -> None:
    kwargs = {"model": "m", "temperature": 1}
    assert DeploymentCall.from_kwargs(kwargs).body is kwargs


def test_extra_body_overrides_the_body_in_a_copy() -> None:
    kwargs: dict[str, Any] = {"temperature": 0.6, "extra_body": {"temperature": 2, "top_k": 5}}
    before = copy.deepcopy(kwargs)
    body = DeploymentCall.from_kwargs(kwargs).body
    assert (body["temperature"], body["top_k"]) == (2, 5)
    assert kwargs == before


def test_extra_body_cannot_set_litellms_own_parameters() -> None:
    own = {"model": "m", "metadata": {"a": 1}, "stream": False}
    kwargs = {**own, "extra_body": {"model": "x", "metadata": {}, "stream": True}}
    body = DeploymentCall.from_kwargs(kwargs).body
    assert {name: body[name] for name in own} == own


def test_extra_body_of_an_unexpected_type_is_ignored() -> None:
    kwargs: dict[str, Any] = {"extra_body": "x"}
    assert DeploymentCall.from_kwargs(kwargs).body is kwargs


def test_context_of_a_request() -> None:
    kwargs = {
        "model": R1,
        "model_info": {"prompt_policy_reasoning_parser": True},
        "metadata": {"requester_metadata": {"task": "code"}},
        "proxy_server_request": {"headers": {"x-prompt-policy-task": "math"}},
    }
    context = build_context(kwargs)
    assert (context.model, context.task, context.has_reasoning_parser) == ("deepseek-ai/DeepSeek-R1", "math", True)
    assert build_context({}).task is None


@pytest.mark.parametrize(
    ("kwargs", "provider"),
    [
        ({"model": "hosted_vllm/Qwen/Qwen3-8B"}, "hosted_vllm"),
        ({"model": "Qwen/Qwen3-8B", "custom_llm_provider": "openrouter"}, "openrouter"),
        ({"model": "Qwen/Qwen3-8B"}, None),
        ({"model": "hosted_vllm/m", "custom_llm_provider": 3}, "hosted_vllm"),
    ],
)
def test_context_contains_the_provider(kwargs: dict[str, Any], provider: str | None) -> None:
    assert build_context(kwargs).provider == provider


def test_context_contains_headers_and_the_default_of_thinking() -> None:
    kwargs = {
        "model_info": {"prompt_policy_thinking": "off"},
        "proxy_server_request": {"headers": {"user-agent": "codex/1"}},
    }
    context = build_context(kwargs)
    assert (context.headers["user-agent"], context.thinking) == ("codex/1", False)
    assert build_context({"model_info": {"prompt_policy_thinking": True}}).thinking is True
    assert (build_context({}).headers, build_context({}).thinking) == ({}, None)


@pytest.mark.parametrize(
    ("model_info", "length"),
    [
        ({}, None),
        ({"max_input_tokens": 4096}, 4096),
        ({"prompt_policy_max_model_len": 8192, "max_input_tokens": 4096}, 8192),
        ({"prompt_policy_max_model_len": None, "max_input_tokens": 4096}, 4096),
        ({"max_input_tokens": 0}, None),
        ({"max_input_tokens": True}, None),
        ({"max_input_tokens": "4096"}, None),
        ({"max_tokens": 4096, "max_output_tokens": 4096}, None),
    ],
)
def test_context_contains_the_context_length(model_info: dict[str, Any], length: int | None) -> None:
    assert build_context({"model_info": model_info}).max_model_len == length


METADATA = {
    "requester_metadata": {"tags": ["theirs"], "tier": 2},
    "tags": ["a", 3],
    "user_api_key_team_alias": "red",
    "user_api_key_team_id": "t-1",
    "user_api_key_alias": "ci",
}


@pytest.mark.parametrize("bucket", ["metadata", "litellm_metadata"])
def test_context_contains_tags_metadata_team_and_key(bucket: str) -> None:
    context = build_context({"model": R1, bucket: METADATA})
    assert (context.tags, context.metadata, context.team, context.key_alias) == (
        ("a",),
        {"tags": ["theirs"], "tier": 2},
        "red",
        "ci",
    )


def test_team_without_a_name_is_identified_by_its_id() -> None:
    assert build_context({"metadata": {"user_api_key_team_id": "t-1"}}).team == "t-1"


@pytest.mark.parametrize(
    ("key", "team", "allowed"),
    [
        ({}, {}, ()),
        ({"prompt_policy_may_skip": True}, {}, ("a", "b")),
        ({"prompt_policy_may_skip": ["a"]}, {}, ("a",)),
        ({"prompt_policy_may_skip": ["a"]}, {"prompt_policy_may_skip": ["b", "c"]}, ("a", "b")),
        ({"prompt_policy_may_skip": "a"}, None, ()),
    ],
)
def test_only_authorized_keys_and_teams_may_skip_rules(key: Any, team: Any, allowed: tuple[str, ...]) -> None:
    kwargs = {
        "metadata": {"user_api_key_metadata": key, "user_api_key_team_metadata": team, "prompt_policy_may_skip": True},
        "proxy_server_request": {"headers": {"x-prompt-policy-skip": "a,b"}},
    }
    context = build_context(kwargs)
    assert tuple(name for name in ("a", "b", "c") if context.has_opted_out_of(name)) == allowed


@pytest.mark.parametrize(("own", "other"), [("metadata", "litellm_metadata"), ("litellm_metadata", "metadata")])
def test_forged_metadata_under_the_other_key_is_ignored(own: str, other: str) -> None:
    forged = {
        "model_group": "DeepSeek-R1",
        "user_api_key_auth": {"metadata": {"prompt_policy_may_skip": True}},
        "user_api_key_team_alias": "forged",
        "user_api_key_metadata": {"prompt_policy_may_skip": True},
    }
    real = {"model_group": "r1", "user_api_key_auth": object(), "user_api_key_team_alias": "real"}
    headers = {"headers": {"x-prompt-policy-skip": "sampling"}}
    kwargs = {"model": "hosted_vllm/served", own: real, other: forged, "proxy_server_request": headers}

    assert DeploymentCall.from_kwargs(kwargs).alias == "r1"
    context = build_context(kwargs)
    assert (context.team, context.has_opted_out_of("sampling")) == ("real", False)
