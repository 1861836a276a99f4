"""Selection of the policy for a model."""

from __future__ import annotations

import logging
import pickle
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_policy import Policy, PolicySet, UsageError
from prompt_policy.policy.loader import load_paths
from prompt_policy.policy.names.selection import find_provider, strip_provider
from prompt_policy.wire.backends import list_providers
from tests.support.policies import policy_of


def policy(name: str, *models: str, **applies_to: Any) -> Policy:
    rules = [{"name": "r", "kind": "reject", "message": "no"}]
    keys = {"applies_to": {"models": list(models), **applies_to}} if models else {}
    return Policy.model_validate({"version": 1, "name": name, "rules": rules, **keys})


def select(policies: list[Policy], model: str, alias: str | None = None) -> str | None:
    selected = PolicySet(policies).select(model, alias)
    return selected.policy.name if selected else None


def test_an_exact_name_beats_a_glob() -> None:
    policies = [policy("glob", "*DeepSeek-R1*"), policy("exact", "deepseek-r1")]
    assert select(policies, "DeepSeek-R1") == "exact"


def test_more_literal_characters_beat_fewer() -> None:
    policies = [policy("short", "*R1*"), policy("long", "*R1-Distill*")]
    assert select(policies, "DeepSeek-R1-Distill-Qwen-7B") == "long"


def test_equal_matches_are_decided_by_name_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    policies = [policy("b", "*R1"), policy("a", "R1*")]
    with caplog.at_level(logging.WARNING, "prompt_policy"):
        assert select(policies, "R1") == "a"
    assert "match equally well" in caplog.text


@pytest.mark.parametrize("model", ["deepseek-r1", "DEEPSEEK-R1", "hosted_vllm/DeepSeek-R1", "openai/deepseek-r1"])
def test_case_and_provider_prefix_are_ignored(model: str) -> None:
    assert select([policy("a", "DeepSeek-R1")], model) == "a"


def test_an_organisation_is_not_stripped_as_a_provider() -> None:
    assert select([policy("a", "DeepSeek-R1")], "someone/DeepSeek-R1") is None
    assert strip_provider("someone/DeepSeek-R1") == "someone/DeepSeek-R1"
    assert strip_provider("hosted_vllm/someone/DeepSeek-R1") == "someone/DeepSeek-R1"


def test_an_organisation_named_like_a_provider_matches() -> None:
    assert select([policy("a", "openai/gpt-oss-*")], "openai/gpt-oss-120b") == "a"


def test_an_excepted_name_does_not_match() -> None:
    assert select([policy("a", "*R1*", **{"except": ["*0528*"]})], "DeepSeek-R1-0528") is None


def test_the_alias_is_used_only_if_the_real_name_has_no_match() -> None:
    policies = [policy("real", "real-*"), policy("alias", "public-*")]
    assert select(policies, "real-1", "public-1") == "real"
    assert select(policies, "other", "public-1") == "alias"
    assert select(policies, "other", "other") is None


def test_a_policy_without_models_needs_explicit_binding() -> None:
    policies = PolicySet([policy("bound")])
    assert policies.select("bound") is None
    assert policies.get("bound").name == "bound"


def test_an_unknown_policy_name_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="no policy is named 'bond' .did you mean 'bound'"):
        PolicySet([policy("bound")]).get("bond")


@pytest.mark.parametrize(
    ("model", "alias", "reason"),
    [("hosted_vllm/R1", None, "its name matches *R1"), ("x", "my-R1", "its alias my-R1 matches *R1")],
)
def test_the_reason_for_the_selection_is_given(model: str, alias: str | None, reason: str) -> None:
    selected = PolicySet([policy("a", "*R1")]).select(model, alias)
    assert selected is not None
    assert selected.reason == reason


def reason(policies: list[Policy], model: str) -> str | None:
    selected = PolicySet(policies).select(model)
    return selected.reason if selected else None


def test_a_normalised_name_matches_and_the_reason_shows_it() -> None:
    policies = [policy("a", "*Model-4.6", "*Other-8B-Chat*"), policy("tag", "other:*")]
    assert reason(policies, "acme/model-4p6") == "its name, read as model-4.6, matches *Model-4.6"
    assert reason(policies, "acme/Model-4.6") == "its name matches *Model-4.6"
    assert reason(policies, "other:8b-chat-q4_K_M") == "its name, read as other-8b-chat, matches *Other-8B-Chat*"
    assert PolicySet(policies).select("x", "model_4_6") is not None


def test_a_match_as_written_beats_a_normalised_one_of_equal_length(caplog: pytest.LogCaptureFixture) -> None:
    policies = [policy("normal", "*model-8b"), policy("written", "model:8b*")]
    assert select(policies, "model:8b") == "written"
    assert caplog.messages == []


def test_an_exact_name_matches_no_other_spelling() -> None:
    policies = [policy("a", "model-4.6", "deepseek-ai/DeepSeek-R1")]
    assert select(policies, "hosted_vllm/Model-4.6") == "a"
    assert select(policies, "model-4p6") is None
    assert select(policies, "/cache/models--deepseek-ai--DeepSeek-R1/snapshots/0123456789/") == "a"


@pytest.mark.parametrize(
    ("model", "selected"),
    [
        ("acme/tutor-7b", "tutor"), ("acme/tutor-7b-chat", "tutor"), ("acme/x", "acme"), ("acme-models/x", "acme"),
        ("acme/tutor-7b:free", "tutor"), ("other/x", None),
    ],
)  # fmt: skip
def test_globs_that_name_no_family_match_organisations_and_last_segments(model: str, selected: str | None) -> None:
    assert select([policy("tutor", "tutor-7b*"), policy("acme", "*acme*")], model) == selected


def test_a_glob_with_a_slash_is_compared_with_the_whole_name() -> None:
    policies = [policy("acme", "acme/*"), policy("quantised", "*/Qwen3-8B")]
    assert select(policies, "hosted_vllm/acme/x") == "acme"
    assert select(policies, "other/acme/x") is None
    assert select(policies, "unsloth/Qwen3-8B-GGUF") == "quantised"


@pytest.mark.parametrize(
    ("model", "selected"),
    [
        ("/data/base_models/Qwen3-8B", "a"), ("/models/Qwen3-8B/checkpoint-12", "a"), ("qwen3-8b/gpt-oss-20b", None),
        ("/runs/qwen3-8b/llama-3.1-8b", None), ("/models/Qwen3-8B-Vision/checkpoint-12", None),
        ("/models/Qwen3-8B/vision", None), ("vision/Qwen3-8B", "a"),
    ],
)  # fmt: skip
def test_folders_matter_only_if_they_alone_name_the_model(model: str, selected: str | None) -> None:
    assert select([policy("a", "*Qwen3-8B*", **{"except": ["*vision*"]})], model) == selected


def test_an_exception_with_a_slash_is_compared_with_the_whole_name() -> None:
    policies = [policy("a", "*gemma-4-31B*", **{"except": ["google/gemma-4-31b"]})]
    assert select(policies, "hosted_vllm/google/gemma-4-31B") is None
    assert select(policies, "bedrock/google.gemma-4-31b") == select(policies, "gemma-4-31b") == "a"


@pytest.mark.parametrize(
    "word", ["base", "lora", "speculator.eagle3", "DFlash", "reward", "guard", "intent-classifier"]
)
def test_a_glob_on_a_family_does_not_match_derived_models(word: str, caplog: pytest.LogCaptureFixture) -> None:
    model = f"acme/Qwen3-8B-{word}"
    assert select([policy("a", "*Qwen3-8B*")], model) is None
    [message] = caplog.messages
    assert "policy a does not apply, because '" in message
    assert "marks a derived model" in message
    for glob in (f"*Qwen3-8B-{word}*", f"*{word}", model, "*", "acme/*", "*acme*"):
        assert select([policy("a", glob)], model) == "a", glob


def test_the_alias_of_a_derived_model_selects_no_policy() -> None:
    policies = [policy("a", "*Qwen3-8B*"), policy("named", "*vision*")]
    assert select(policies, "Qwen3-8B-sentiment-lora", "qwen3-8b") is None
    assert select(policies, "sentiment", "qwen3-8b") == "a"


TWO_FAMILIES = [policy("qwen", "*Qwen3-8B*"), policy("deepseek", "*DeepSeek-V3.2*"), policy("oss", "*gpt-oss-120b*")]


@pytest.mark.parametrize(
    ("model", "selected", "message"),
    [
        ("Qwen3-8B-DeepSeek-v3.2-Speciale-Distill", "qwen", "named after qwen 3 and deepseek v3.2; using policy qwen"),
        ("Phi-4-gpt-oss-120b", None, "its name is that of phi 4 and gptoss; bind a policy"),
        ("gpt-oss-120b-Distill-Qwen3-8B", None, "its name is that of gptoss and qwen 3; bind a policy"),
        ("Qwen3-8B-Claude-Distill", "qwen", None),
    ],
)
def test_the_teacher_of_a_model_selects_no_policy(
    model: str, selected: str | None, message: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    assert select(TWO_FAMILIES, model) == selected
    assert [text for text in caplog.messages if message is None or message not in text] == []
    assert len(caplog.messages) == (message is not None)


def test_a_glob_may_name_a_model_of_two_families() -> None:
    model = "gpt-oss-120b-Distill-Phi-4-14B"
    assert select([*TWO_FAMILIES, policy("own", "*gpt-oss-120b-Distill-*")], model) == "own"
    assert select([*TWO_FAMILIES, policy("own", model)], model) == "own"


def test_an_exception_ignores_the_provider_prefix() -> None:
    policy = policy_of(applies_to={"models": ["*qwen*"], "except": ["*vl*"]})
    policies = PolicySet([policy])
    assert policies.select("hosted_vllm/Qwen/Qwen3-8B") is not None
    assert policies.select("hosted_vllm/Qwen/Qwen3-VL-8B") is None


def test_long_names_are_cut_and_cached() -> None:
    policies, endless = [policy("real", "real-*"), policy("tail", "*-tail")], "x" * 1_000_000
    cached = PolicySet(policies)

    assert select(policies, f"real-{endless}") == "real"
    assert select(policies, f"{endless}-tail") is None
    assert cached.select(f"real-{endless}y") is cached.select(f"real-{endless}z")


def test_a_model_name_cannot_forge_a_log_line(caplog: pytest.LogCaptureFixture) -> None:
    PolicySet([policy("a", "x*"), policy("b", "*x")]).select("x\nERROR forged: x")
    [record] = caplog.records
    assert "\n" not in record.getMessage()


PIECES = st.sampled_from(["r1", "R1", "acme", "/", "-", "*", "?", "[rq]", "openai/", "vllm/"])
GLOBS = st.lists(PIECES, min_size=1, max_size=4).map("".join)
NAMES = st.lists(st.sampled_from(["r1", "R1", "acme", "/", "-", "x", "openai/", "vLLM/"]), max_size=5).map("".join)
APPLIES_TO = st.tuples(st.lists(GLOBS, min_size=1, max_size=3), st.lists(GLOBS, max_size=2))


def select_by_brute_force(policies: list[Policy], model: str) -> tuple[str, str, list[str]] | None:
    """Return the selected policy, the glob that matches, and all policies that match equally well, by brute force."""
    bare = strip_provider(model).casefold()
    wholes = [model.casefold(), bare, bare.rstrip("/")]
    last = ([part for part in bare.split("/") if part] or [""])[-1]
    ranked: list[tuple[bool, int, str, str]] = []
    for each in policies:
        assert each.applies_to is not None
        excepted = [(wholes if "/" in glob else [last], glob.casefold()) for glob in each.applies_to.except_]
        if any(fnmatchcase(name, glob) for names, glob in excepted for name in names):
            continue
        for glob in each.applies_to.models:
            wild = any(mark in glob for mark in "*?[")
            if any(fnmatchcase(name, glob.casefold()) for name in [*wholes, *[last][: wild and "/" not in glob]]):
                literal = len([character for character in glob if character not in "*?[]"])
                ranked.append((wild, -literal, each.name, glob))
    if not ranked:
        return None
    best = min(ranked)
    return best[2], best[3], sorted({name for wild, literal, name, _glob in ranked if (wild, literal) == best[:2]})


@given(st.lists(APPLIES_TO, max_size=5), NAMES)
def test_selection_agrees_with_brute_force(applies_to: list[tuple[list[str], list[str]]], model: str) -> None:
    policies = [
        policy(f"p{number}", *models, **{"except": excepted} if excepted else {})
        for number, (models, excepted) in enumerate(applies_to)
    ]
    warnings: list[str] = []
    listener = logging.Handler()
    listener.emit = lambda record: warnings.append(record.getMessage())  # type: ignore[method-assign]  # caplog is shared by all examples
    logger = logging.getLogger("prompt_policy")
    logger.addHandler(listener)
    try:
        selected = PolicySet(policies).select(model)
    finally:
        logger.removeHandler(listener)

    expected = select_by_brute_force(policies, model)
    if expected is None:
        assert (selected, warnings) == (None, [])
        return
    name, glob, equal = expected
    assert selected is not None
    assert (selected.policy.name, selected.reason) == (name, f"its name matches {glob}")
    warning = [f"model {model!r}: policies {', '.join(equal)} match equally well; using {name}"]
    assert warnings == (warning if len(equal) > 1 else [])


@pytest.mark.parametrize(
    ("model", "provider"),
    [("hosted_vllm/a/b", "hosted_vllm"), ("Hosted_vLLM/a", "hosted_vllm"), ("someone/a", None), ("vllm", None)],
)
def test_a_provider_prefix_is_found(model: str, provider: str | None) -> None:
    assert find_provider(model) == provider


def test_profiles_are_activated_in_every_policy(caplog: pytest.LogCaptureFixture) -> None:
    rule = {"kind": "clamp", "profile": "evaluation", "parameters": {"seed": {"value": 7}}}
    policies = PolicySet([policy_of(rule, applies_to={"models": ["m"]})], files={"test": Path("test.yaml")})
    assert policies.activate_profiles(()) is policies

    with caplog.at_level(logging.WARNING, "prompt_policy"):
        active = policies.activate_profiles(["evaluation", "evaluaton"])

    assert [rule.profile for rule in active.get("test").rules] == [None]
    assert active.files == policies.files
    assert active.select("m") is not None
    assert caplog.messages == ["profile evaluaton: no rule has it (did you mean 'evaluation'?)"]


@pytest.mark.parametrize("provider", sorted(list_providers()))
def test_the_prefix_of_every_provider_is_stripped(provider: str) -> None:
    assert strip_provider(f"{provider}/zai-org/GLM-4.6") == "zai-org/GLM-4.6"
    assert find_provider(f"{provider}/GLM-4.6") == provider
    assert select([policy("a", "GLM-4.6")], f"{provider}/GLM-4.6") == "a"


ORGANISATIONS = [
    "deepseek-ai", "MiniMaxAI", "moonshotai", "zai-org", "mistralai", "meta-llama", "ai21labs", "xai-org", "CohereLabs",
    "Qwen", "google", "nvidia", "microsoft", "ibm-granite", "LGAI-EXAONE", "XiaomiMiMo", "baidu", "stabilityai",
    "RekaAI", "stepfun-ai", "internlm", "inclusionAI", "allenai", "unsloth", "huggingfaceh4",
]  # fmt: skip


@pytest.mark.parametrize("organisation", ORGANISATIONS)
def test_an_organisation_is_not_a_provider(organisation: str) -> None:
    assert find_provider(f"{organisation}/model") is None
    assert strip_provider(f"hosted_vllm/{organisation}/model") == f"{organisation}/model"


@pytest.mark.parametrize("name", ["tencent/Hunyuan-A13B", "Snowflake/snowflake-arctic", "databricks/dbrx-instruct"])
def test_a_name_that_is_both_matches_with_and_without_its_first_part(name: str) -> None:
    assert select([policy("a", name)], name) == select([policy("a", name.partition("/")[2])], name) == "a"
    assert select([policy("a", name)], f"hosted_vllm/{name}") == "a"


def test_the_shipped_policies_survive_pickling() -> None:
    policies = load_paths([])
    copied = pickle.loads(pickle.dumps(policies))
    assert [policy.hash for policy in copied.policies] == [policy.hash for policy in policies.policies]
    assert (copied.policies, copied.files, copied.source_maps) == (
        policies.policies, policies.files, policies.source_maps
    )  # fmt: skip
    selected = copied.select("deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B")
    assert selected == policies.select("deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B")
