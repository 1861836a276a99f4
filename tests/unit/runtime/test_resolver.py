"""The resolver of policies by model name."""

from __future__ import annotations

import logging
import os
import pickle
from pathlib import Path

import pytest

from prompt_policy import LoadError, PolicySet, UsageError
from prompt_policy.runtime.resolver import (
    PolicyResolver,
    create_policy_provider,
    parse_policy_paths,
    parse_profiles,
)
from prompt_policy.runtime.telemetry import DecisionReporter
from tests.support.policies import policy_of

RULE = {"kind": "filter_whitespace"}
CHAT = policy_of(RULE, applies_to={"models": ["chatty-*"]})
FILE = "version: 1\nname: mine\nrules: [{name: tidy, kind: filter_whitespace}]\n"


def resolve_name(resolver: PolicyResolver, model: str) -> str | None:
    pipeline = resolver.resolve(model)
    return pipeline.name if pipeline else None


def test_policy_is_selected_by_model_name() -> None:
    resolver = PolicyResolver(PolicySet([CHAT]))

    assert resolve_name(resolver, "chatty-7b") == "test"
    assert resolve_name(resolver, "silent-7b") is None


def test_named_policy_applies_to_every_request() -> None:
    assert resolve_name(PolicyResolver(PolicySet([CHAT]), "test"), "anything") == "test"


def test_unknown_policy_name_suggests_the_closest() -> None:
    with pytest.raises(UsageError, match="did you mean 'test'"):
        PolicyResolver(PolicySet([CHAT]), "tset")


def test_model_without_policy_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    resolver = PolicyResolver(PolicySet([CHAT]))

    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            resolver.resolve("silent\n-7b")

    assert [record.getMessage() for record in caplog.records] == [
        "model 'silent\\n-7b': NO policy, because no pattern matches"
    ]


def test_single_policy_applies_to_every_request() -> None:
    assert resolve_name(create_policy_provider(CHAT, None, {}).current, "anything") == "test"


def test_environment_configures_paths_and_policy(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(FILE)
    variables = {
        "PROMPT_POLICY_PATH": os.pathsep.join([str(tmp_path), "deepseek-r1"]),
        "PROMPT_POLICY_NAME": "mine",
    }

    assert resolve_name(create_policy_provider(None, None, variables).current, "deepseek-ai/DeepSeek-R1") == "mine"
    assert resolve_name(create_policy_provider(None, "deepseek-r1", variables).current, "m") == "deepseek-r1"


def test_default_is_the_shipped_library() -> None:
    assert (
        resolve_name(create_policy_provider(None, None, {}).current, "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B")
        == "deepseek-r1-distill"
    )


def test_missing_path_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="no such file"):
        create_policy_provider(tmp_path / "none.yaml", None, {})


def test_str_describes_the_policies() -> None:
    assert str(PolicyResolver(PolicySet([CHAT]), "test")) == f"policy test@{CHAT.hash} for every request"
    assert str(PolicyResolver(PolicySet([CHAT]))) == f"selected by model name from test@{CHAT.hash}"


def test_compiled_policies_are_shared_until_the_file_changes(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("version: 1\nname: mine\nrules: []\n")
    first = create_policy_provider(file, None, {})

    assert create_policy_provider(str(file), None, {}) is first
    assert create_policy_provider(file, "mine", {}) is not first

    file.write_text("version: 1\nname: other\nrules: []\n")
    second = create_policy_provider(file, None, {})
    assert second is not first
    assert [policy.name for policy in second.current.policies.policies] == ["other"]


def test_invalid_sample_rate_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"PROMPT_POLICY_LOG_SAMPLE: expected a share from 0 to 1, got '2'"):
        create_policy_provider(CHAT, None, {"PROMPT_POLICY_LOG_SAMPLE": "2"})


def test_long_model_name_is_truncated_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    resolver = PolicyResolver(PolicySet([CHAT]))
    for end in ("a", "b"):
        assert resolver.resolve("m" * 100_000 + end) is None
    [record] = caplog.records
    assert len(record.getMessage()) < 300


def test_paths_in_the_environment_are_split_as_in_path() -> None:
    assert parse_policy_paths({"PROMPT_POLICY_PATH": os.pathsep.join(["a", "", "b"])}) == ["a", "b"]
    assert parse_policy_paths({"PROMPT_POLICY_PATH": ""}) == parse_policy_paths({}) == []


def test_the_headers_that_policies_need_are_listed() -> None:
    agent = {"kind": "reject", "message": "no", "when": {"headers": {"User-Agent": {"contains": "bot"}}}}
    resolver = PolicyResolver(PolicySet([policy_of(agent)]))
    names = ["content-encoding", "x-prompt-policy-task", "x-prompt-policy-skip", "x-prompt-policy-doctor", "user-agent"]
    assert resolver.headers_read == {name.encode(): name for name in names}


@pytest.mark.parametrize(("text", "profiles"), [("", ()), ("evaluation", ("evaluation",)), (" a, b ,,", ("a", "b"))])
def test_profiles_in_the_environment_are_separated_by_commas(text: str, profiles: tuple[str, ...]) -> None:
    assert parse_profiles({"PROMPT_POLICY_PROFILES": text}) == profiles
    assert parse_profiles({}) == ()


def test_profiles_are_active_in_every_form_of_policies(tmp_path: Path) -> None:
    rule = {"kind": "clamp", "profile": "evaluation", "parameters": {"seed": {"value": 7}}}
    policy = policy_of(rule)
    file = tmp_path / "mine.yaml"
    file.write_text(
        "version: 1\nname: mine\nrules: [{name: a, kind: clamp, profile: evaluation, parameters: {seed: {value: 7}}}]\n"
    )
    environment = {"PROMPT_POLICY_PROFILES": "evaluation"}
    for source, name in ((policy, None), (PolicySet([policy]), "test"), (str(file), "mine")):
        for variables, profiles, active in (
            (environment, None, True),
            (environment, (), False),
            ({}, ["evaluation"], True),
        ):
            provider = create_policy_provider(source, name, variables, profiles)
            pipeline = provider.current.resolve("m")
            assert pipeline is not None
            body = pipeline.apply({"messages": []}, "chat").body
            assert ("seed" in body) is active


def test_the_reason_for_a_policy_or_none_is_explained() -> None:
    policy = policy_of({"kind": "filter_whitespace"}, applies_to={"models": ["m-*"]})
    by_name = PolicyResolver(PolicySet([policy]))
    assert by_name.explain("m-7b") == "its name matches m-*"
    assert by_name.explain("other") == "no pattern matches"
    assert PolicyResolver(PolicySet([policy]), policy.name).explain("other") == "it is set for every request"


@pytest.mark.parametrize("name", [None, "test"])
def test_a_pickled_resolver_selects_the_same_policies(name: str | None) -> None:
    resolver = PolicyResolver(PolicySet([CHAT]), name, DecisionReporter(0.5))
    copied = pickle.loads(pickle.dumps(resolver))
    assert (str(copied), copied.reporter.sample_rate) == (str(resolver), 0.5)
    assert [resolve_name(copied, model) for model in ("chatty-7b", "silent-7b")] == ["test", name]
