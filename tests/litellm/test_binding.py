"""Which policy a deployment gets."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy import UsageError, load_paths
from prompt_policy.litellm.binding import Binding, facts_of

BINDING = Binding(load_paths([]))
R1 = "hosted_vllm/deepseek-ai/DeepSeek-R1"


@pytest.mark.parametrize(
    ("kwargs", "name"),
    [
        ({"model": R1}, "deepseek-r1"),
        ({"model": R1, "model_info": {"prompt_policy": "deepseek-r1-0528"}}, "deepseek-r1-0528"),
        ({"model": "hosted_vllm/served", "metadata": {"model_group": "DeepSeek-R1"}}, "deepseek-r1"),
        ({"model": "hosted_vllm/served", "litellm_metadata": {"model_group": "DeepSeek-R1"}}, "deepseek-r1"),
        ({"model": "hosted_vllm/served", "metadata": {"model_group": "r1"}}, None),
        ({"model": None, "metadata": None, "model_info": None}, None),
    ],
)
def test_the_binding_goes_before_the_real_name_and_that_before_the_alias(
    kwargs: dict[str, Any], name: str | None
) -> None:
    pipeline = BINDING.of_deployment(kwargs)
    assert (pipeline.name if pipeline else None) == name


def test_a_policy_is_compiled_once() -> None:
    assert BINDING.of_deployment({"model": R1}) is BINDING.of_deployment({"model": R1})


def test_a_binding_to_a_policy_that_is_not_there_is_a_mistake() -> None:
    with pytest.raises(UsageError, match="deepseek-r9"):
        BINDING.of_deployment({"model": R1, "model_info": {"prompt_policy": "deepseek-r9"}})


def test_what_litellm_knows_of_a_request() -> None:
    kwargs = {
        "model": R1,
        "model_info": {"prompt_policy_reasoning_parser": True},
        "metadata": {"requester_metadata": {"task": "code"}},
        "proxy_server_request": {"headers": {"x-prompt-policy-task": "math"}},
    }
    facts = facts_of(kwargs)
    assert (facts.model, facts.task, facts.has_reasoning_parser) == ("deepseek-ai/DeepSeek-R1", "math", True)
    assert facts_of({}).task is None


OWNED = {
    "requester_metadata": {"tags": ["theirs"], "tier": 2},
    "tags": ["a", 3],
    "user_api_key_team_alias": "red",
    "user_api_key_team_id": "t-1",
    "user_api_key_alias": "ci",
}


@pytest.mark.parametrize("bucket", ["metadata", "litellm_metadata"])
def test_what_conditions_may_ask_of_the_key_and_the_request(bucket: str) -> None:
    facts = facts_of({"model": R1, bucket: OWNED})
    assert (facts.tags, facts.metadata, facts.team, facts.key_alias) == (
        ("a",),
        {"tags": ["theirs"], "tier": 2},
        "red",
        "ci",
    )


def test_a_team_without_a_name_is_known_by_its_id() -> None:
    assert facts_of({"metadata": {"user_api_key_team_id": "t-1"}}).team == "t-1"


@pytest.mark.parametrize(
    ("key", "team", "spared"),
    [
        ({}, {}, ()),
        ({"prompt_policy_may_skip": True}, {}, ("a", "b")),
        ({"prompt_policy_may_skip": ["a"]}, {}, ("a",)),
        ({"prompt_policy_may_skip": ["a"]}, {"prompt_policy_may_skip": ["b", "c"]}, ("a", "b")),
        ({"prompt_policy_may_skip": "a"}, None, ()),
    ],
)
def test_only_keys_and_teams_with_the_right_may_opt_out(key: Any, team: Any, spared: tuple[str, ...]) -> None:
    kwargs = {
        "metadata": {"user_api_key_metadata": key, "user_api_key_team_metadata": team, "prompt_policy_may_skip": True},
        "proxy_server_request": {"headers": {"x-prompt-policy-skip": "a,b"}},
    }
    facts = facts_of(kwargs)
    assert tuple(name for name in ("a", "b", "c") if facts.spares(name)) == spared


@pytest.mark.parametrize(("own", "other"), [("metadata", "litellm_metadata"), ("litellm_metadata", "metadata")])
def test_what_a_client_writes_under_the_other_name_is_not_taken_for_litellms_own(own: str, other: str) -> None:
    forged = {
        "model_group": "DeepSeek-R1",
        "user_api_key_auth": {"metadata": {"prompt_policy_may_skip": True}},
        "user_api_key_team_alias": "forged",
        "user_api_key_metadata": {"prompt_policy_may_skip": True},
    }
    real = {"model_group": "r1", "user_api_key_auth": object(), "user_api_key_team_alias": "real"}
    headers = {"headers": {"x-prompt-policy-skip": "sampling"}}
    kwargs = {"model": "hosted_vllm/served", own: real, other: forged, "proxy_server_request": headers}

    assert BINDING.of_deployment(kwargs) is None
    facts = facts_of(kwargs)
    assert (facts.team, facts.spares("sampling")) == ("real", False)
