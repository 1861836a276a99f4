"""The pydantic models of a policy file."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from prompt_policy import RequestContext
from prompt_policy.policy.model import Case, Policy
from tests.support.policies import policy_of

RULE = {"kind": "reject", "message": "no"}


def test_the_hash_covers_behaviour_and_not_documentation() -> None:
    plain = policy_of(RULE)
    source = {"url": "https://example.org", "read": "2025-01-01", "says": "x"}
    documented = policy_of(RULE, description="x", sources=[source], tests=[{"name": "a", "request": {}, "expect": {}}])
    assert plain.hash == documented.hash
    assert len(plain.hash) == 12
    assert plain.hash != policy_of(RULE, mode="audit").hash
    assert plain.hash != policy_of({**RULE, "message": "yes"}).hash


def test_the_hash_covers_the_order_of_rules() -> None:
    one, two = {**RULE, "name": "one"}, {**RULE, "name": "two"}
    assert policy_of(one, two).hash != policy_of(two, one).hash


SUFFIX = {"kind": "append_suffix"}
WORDS = {"legal": {"any": ["contract"]}, "trade": {"any": ["contract", "invoice"]}}


def test_the_hash_covers_the_order_of_texts_and_tasks() -> None:
    def reverse(mapping: dict[str, Any]) -> dict[str, Any]:
        return dict(reversed(mapping.items()))

    texts = {"en": "A", "zh": "B"}
    instruct = {"kind": "force_opening", "text": "x", "method": "instruct"}
    for one, other in (
        (policy_of({**SUFFIX, "text": texts}), policy_of({**SUFFIX, "text": reverse(texts)})),
        (policy_of({**instruct, "instruction": texts}), policy_of({**instruct, "instruction": reverse(texts)})),
        (policy_of(tasks=WORDS), policy_of(tasks=reverse(WORDS))),
    ):
        assert one.hash != other.hash


def test_the_hash_does_not_cover_the_order_of_keys_of_a_rule() -> None:
    assert policy_of({"name": "a", **RULE}).hash == policy_of({**RULE, "name": "a"}).hash


def test_the_schema_lists_kinds_and_forbids_unknown_keys() -> None:
    schema = Policy.model_json_schema()
    assert set(schema["properties"]["rules"]["items"]["discriminator"]["mapping"]) >= {"clamp", "reject"}
    assert schema["additionalProperties"] is False


def build_context(**keys: object) -> RequestContext:
    return Case.model_validate({"name": "c", "request": {}, "expect": {}, **keys}).build_context()


def test_a_case_without_keys_has_a_host_that_knows_nothing() -> None:
    context = build_context()
    assert (context.model, context.task, context.tags, context.provider, context.thinking) == (
        None, None, (), None, None,
    )  # fmt: skip


def test_every_key_reaches_the_context() -> None:
    keys = {"model": "m", "task": "math", "team": "red", "key_alias": "ci", "provider": "vllm", "thinking": "off"}
    context = build_context(
        **keys, tags=["a"], skip=["one", "two"], headers={"User-Agent": "codex/1"}, reasoning_parser=True
    )
    assert context.headers["user-agent"] == "codex/1"
    assert (context.requested_skips, context.tags, context.has_reasoning_parser) == (("one", "two"), ("a",), True)
    assert context.obstacles == context.unsupported_parameters == {}
    expected = {**keys, "thinking": False}
    assert {name: getattr(context, name) for name in keys} == expected


def test_tags_of_a_case_follow_those_of_the_metadata() -> None:
    assert build_context(request={"metadata": {"tags": ["a"]}}, tags=["b"]).tags == ("a", "b")


PROFILED = policy_of({"kind": "clamp", "profile": "evaluation", "parameters": {"seed": {"value": 7}}})


def test_a_profile_is_activated_by_its_name_and_changes_the_hash() -> None:
    assert PROFILED.activate_profiles(["other"]) is PROFILED
    active = PROFILED.activate_profiles(["other", "evaluation"])
    assert [rule.profile for rule in active.rules] == [None]
    assert active.hash != PROFILED.hash
    assert policy_of({"kind": "clamp", "parameters": {"seed": {"value": 7}}}).hash == active.hash


def test_a_profile_has_a_plain_name() -> None:
    with pytest.raises(ValidationError, match="profile"):
        policy_of({"kind": "filter_whitespace", "profile": "Evaluation runs"})


def test_the_backend_of_a_case_limits_what_rules_send() -> None:
    context = build_context(backend="groq")
    assert set(context.obstacles) == {"prefill"}
    assert context.unsupported_parameters["top_k"] == "not known to the backend groq"


def test_an_unknown_backend_of_a_case_is_an_error() -> None:
    with pytest.raises(ValidationError, match="unknown backend 'grok' .did you mean 'groq'"):
        build_context(backend="grok")
