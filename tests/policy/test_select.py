"""Which policy applies to a model."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from prompt_policy import Policy, PolicySet, UsageError
from prompt_policy.policy.select import without_provider
from tests.support import policy_of


def policy(name: str, *models: str, **applies_to: Any) -> Policy:
    rules = [{"name": "r", "kind": "reject", "message": "no"}]
    keys = {"applies_to": {"models": list(models), **applies_to}} if models else {}
    return Policy.model_validate({"version": 1, "name": name, "rules": rules, **keys})


def chosen(policies: list[Policy], model: str, alias: str | None = None) -> str | None:
    selected = PolicySet(policies).select(model, alias)
    return selected.policy.name if selected else None


def test_an_exact_name_goes_before_a_glob() -> None:
    policies = [policy("glob", "*DeepSeek-R1*"), policy("exact", "deepseek-r1")]
    assert chosen(policies, "DeepSeek-R1") == "exact"


def test_more_literal_characters_go_before_fewer() -> None:
    policies = [policy("short", "*R1*"), policy("long", "*R1-Distill*")]
    assert chosen(policies, "DeepSeek-R1-Distill-Qwen-7B") == "long"


def test_equal_matches_go_by_name_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    policies = [policy("b", "*R1"), policy("a", "R1*")]
    with caplog.at_level(logging.WARNING, "prompt_policy"):
        assert chosen(policies, "R1") == "a"
    assert "match equally well" in caplog.text


@pytest.mark.parametrize("model", ["deepseek-r1", "DEEPSEEK-R1", "hosted_vllm/DeepSeek-R1", "openai/deepseek-r1"])
def test_case_and_a_provider_in_front_do_not_count(model: str) -> None:
    assert chosen([policy("a", "DeepSeek-R1")], model) == "a"


def test_an_organisation_is_not_a_provider() -> None:
    assert chosen([policy("a", "DeepSeek-R1")], "someone/DeepSeek-R1") is None
    assert without_provider("someone/DeepSeek-R1") == "someone/DeepSeek-R1"
    assert without_provider("hosted_vllm/someone/DeepSeek-R1") == "someone/DeepSeek-R1"


def test_an_organisation_that_is_called_like_a_provider_matches_too() -> None:
    assert chosen([policy("a", "openai/gpt-oss-*")], "openai/gpt-oss-120b") == "a"


def test_what_is_excepted_does_not_match() -> None:
    assert chosen([policy("a", "*R1*", **{"except": ["*0528*"]})], "DeepSeek-R1-0528") is None


def test_the_alias_counts_only_where_the_real_name_matches_nothing() -> None:
    policies = [policy("real", "real-*"), policy("alias", "public-*")]
    assert chosen(policies, "real-1", "public-1") == "real"
    assert chosen(policies, "other", "public-1") == "alias"
    assert chosen(policies, "other", "other") is None


def test_a_policy_without_models_is_for_explicit_binding() -> None:
    policies = PolicySet([policy("bound")])
    assert policies.select("bound") is None
    assert policies.named("bound").name == "bound"


def test_a_name_that_is_not_there_is_the_users_mistake() -> None:
    with pytest.raises(UsageError, match="no policy is named 'bond' .did you mean 'bound'"):
        PolicySet([policy("bound")]).named("bond")


@pytest.mark.parametrize(
    ("model", "alias", "why"),
    [("hosted_vllm/R1", None, "its name matches *R1"), ("x", "my-R1", "its alias my-R1 matches *R1")],
)
def test_why_a_policy_was_chosen_is_told(model: str, alias: str | None, why: str) -> None:
    selected = PolicySet([policy("a", "*R1")]).select(model, alias)
    assert selected is not None
    assert selected.why == why


def test_an_exception_is_not_for_the_providers_name() -> None:
    policy = policy_of(applies_to={"models": ["*qwen*"], "except": ["*vl*"]})
    policies = PolicySet([policy])
    assert policies.select("hosted_vllm/Qwen/Qwen3-8B") is not None
    assert policies.select("hosted_vllm/Qwen/Qwen3-VL-8B") is None


def test_of_a_name_that_goes_on_and_on_the_beginning_counts_and_is_remembered() -> None:
    policies, endless = [policy("real", "real-*"), policy("tail", "*-tail")], "x" * 1_000_000
    remembering = PolicySet(policies)

    assert chosen(policies, f"real-{endless}") == "real"
    assert chosen(policies, f"{endless}-tail") is None
    assert remembering.select(f"real-{endless}y") is remembering.select(f"real-{endless}z")


def test_a_model_name_cannot_begin_a_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    PolicySet([policy("a", "x*"), policy("b", "*x")]).select("x\nERROR forged: x")
    [record] = caplog.records
    assert "\n" not in record.getMessage()
